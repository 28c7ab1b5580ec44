"""Documents that are refused cost their senders' network: N10.

Reading XML and looking for whose signature it bears is the dearest thing that a stranger can have us do. What a range
of addresses has cost by documents that were refused is kept, in this process's memory, and paid off with time: half way
to the limit one of its documents at a time is read, past it none. The others are told to wait at once, without a page
and without a row. A document that is taken costs nothing, so an office whose people sign in is never held up by that;
and long documents are kept apart from short ones, as all honest requests are, so that whoever floods us with long ones
holds up no neighbour.
"""

from __future__ import annotations

import html
import threading
from collections import Counter, OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Final

from idp import language
from idp.errors import Refused
from idp.login.throttle import address_range
from idp.protocols import Services
from idp.saml.messages import soap
from idp.texts import N_, translate
from idp.wire import Handler, Raw, Request, Response

FREE: Final = 0.25  # seconds of work that a range may have wasted before it waits
SHARE: Final = 0.05  # of a second is paid off in a second
LONG: Final = 24_000  # bytes on the wire; a signed AuthnRequest has some five thousand
INFLATES: Final = 8  # times the length that a compressed one is counted as
RETRY_AFTER: Final = 2  # seconds
MAX_KEPT: Final = 10_000  # ranges

WAIT: Final = N_("Too many requests came from your network. Please try again in a moment.")

Key = tuple[str, bool]  # a range, and whether the document is long


class Debts:
    """One process's count: what each range still has to pay off, and how many of its documents are being read."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._debts: OrderedDict[Key, tuple[float, float]] = OrderedDict()  # seconds of work, as of when
        self._under_way: Counter[Key] = Counter()

    def owed(self, key: Key, now: float) -> float:
        """Seconds of work that are not paid off yet."""
        debt, since = self._debts.get(key, (0.0, now))
        return max(0.0, debt - max(0.0, now - since) * SHARE)

    @contextmanager
    def one_of_few(self, key: Key, now: float) -> Iterator[bool]:
        """Whether this one is read, and then among those that are."""
        with self._lock:
            owed = self.owed(key, now)
            is_read = owed <= FREE and not (owed > FREE / 2 and self._under_way[key])
            self._under_way[key] += is_read
        try:
            yield is_read
        finally:
            with self._lock:
                self._under_way[key] -= is_read
                if not self._under_way[key]:
                    del self._under_way[key]

    def add(self, key: Key, seconds: float, now: float) -> bool:
        """A document was refused after so much work; answers whether its range waits from now on."""
        with self._lock:
            before = self.owed(key, now)
            self._debts[key] = (before + max(0.0, seconds), now)
            self._debts.move_to_end(key)
            if len(self._debts) > MAX_KEPT:
                self._debts.popitem(last=False)
        return before <= FREE < before + seconds


def at_senders_cost(handler: Handler) -> Handler:
    """The endpoint `handler`, for as long as the sender's network has not had too much refused."""

    @wraps(handler)
    def within_limits(services: Services, request: Request) -> Response:
        debts, began = services.part(Debts), services.clock()
        key = _key(request)
        with debts.one_of_few(key, began) as is_read:
            if not is_read:
                return _told_to_wait(services, request)
            is_refused = True
            try:
                response = handler(services, request)
                is_refused = response.status >= 400
            except Refused:
                raise
            except BaseException:
                is_refused = False  # it is not the document: a store that is down, say
                raise
            finally:
                now = services.clock()
                if is_refused and debts.add(key, now - began, now):
                    services.log.warning("saml_documents_wait", addresses=key[0], long=key[1])
        return response

    return within_limits


def _key(request: Request) -> Key:
    announced = request.environ.get("CONTENT_LENGTH") or ""
    length = len(request.environ.get("QUERY_STRING") or "") * INFLATES
    if request.method == "POST":
        length = int(announced) if announced.isdecimal() else LONG
    return address_range(request.remote_address), length >= LONG


def _told_to_wait(services: Services, request: Request) -> Response:
    headers: tuple[tuple[str, str], ...] = (("Retry-After", str(RETRY_AFTER)), ("Cache-Control", "no-store"))
    locale = language.locale_for(services, request)
    text = translate(locale, WAIT)
    if request.method == "POST" and request.content_type in soap.SOAP_TYPES:
        return Raw(status=429, body=soap.soap_fault("Server", WAIT).body, content_type="text/xml; charset=utf-8",
                   headers=headers)  # fmt: skip
    if request.method == "GET":  # a browser comes again by itself
        headers = (*headers, ("Refresh", str(RETRY_AFTER)))
    said = html.escape(text)
    body = f'<!doctype html><html lang="{locale}"><meta charset="utf-8"><title>{said}</title><p>{said}</p></html>'
    return Raw(status=429, body=body.encode(), content_type="text/html; charset=utf-8", headers=headers)
