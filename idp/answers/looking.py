"""What is wrong with a request that was refused, found at once and kept under the error's id (Q1).

The looks are those of the live check: nobody has to watch an application before it fails. Off the hot path: only what
fails is looked at, and what fails alike in an hour is one row of the record.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict
from itertools import chain
from typing import Any, Final
from urllib.parse import unquote

from clients.client import Client
from idp.answers import clues, messages
from idp.answers.differences import alike
from idp.answers.finding import Finding
from idp.answers.findings import LOOKS, NAMELESS_LOOKS, OF_NO_PARAMETER, UNEXPLAINED
from idp.answers.near_entities import near
from idp.answers.requests import KINDS, OTHER, counted, sent_of
from idp.answers.seen import Nameless, Seen
from idp.audit import Event
from idp.normal_forms import taken_apart
from idp.oidc import client_auth
from idp.protocols import Services
from idp.wire import Params, Request

MAX_FINDINGS: Final = 8  # of one error
#: Bytes of a SAML message that is read once more: an honest one has some five thousand, and anybody may send long ones.
MAX_DOCUMENT: Final = 24_000
MAX_NAME: Final = 200  # characters of an application's name
_PART: Final = 10  # characters of an id that are looked for
_SAML: Final = ("sso", "slo", "artifact")
#: Where a client proves itself, in a header perhaps.
_NAMES_ITS_CLIENT: Final = ("par", "token", "introspect", "revoke")


class Answers:
    """`idp.audit.Answers`. What fails here is logged, and the error is recorded all the same."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._prefix = services.settings.server.issuer_path

    def __call__(self, event: Event, request: Request) -> list[Mapping[str, Any]]:
        """Findings as plain values, what keeps people out first; one at least, by what the error says of itself."""
        path = request.path.removeprefix(self._prefix)
        kind = KINDS.get(path) or KINDS.get(path.rstrip("/")) or OTHER
        if event.detail.get("kind") == "wrong_endpoint":
            kind = OTHER  # nothing that it lacks is missing: it was meant for another
        try:
            found = dict.fromkeys(self._find(kind, event, request))
        except Exception as error:
            self._services.log.warning("error_not_looked_into", reason=f"{type(error).__name__}: {error}"[:300])
            return []
        wrong_first = sorted(found, key=lambda one: one.weight != "wrong")
        return [asdict(one.short()) for one in wrong_first[:MAX_FINDINGS]]

    def _find(self, kind: str, event: Event, request: Request) -> Iterator[Finding]:
        sent = sent_of(request)
        received, asked, issuer = messages.read(request, MAX_DOCUMENT) if kind in _SAML else (None, None, "")
        nameless = Nameless(services=self._services, kind=kind, request=request, sent=sent, error=event, issuer=issuer)
        client = self._whose(kind, event, request, sent, issuer)
        known = sent if client is None else counted(self._services, client, kind, sent)
        seen = None if client is None else Seen(
            services=self._services, client=client, kind=kind, request=request, sent=known or Params([]),
            response=None, error=event,
            received=received, asked=asked, issuer=issuer,
        )  # fmt: skip
        looks = NAMELESS_LOOKS.get(kind, ())
        found = [one for look in looks for one in look(nameless)]
        if seen is not None:
            of_this = [look for look in LOOKS.get(kind, ()) if known is not None or look in OF_NO_PARAMETER]
            found += [one for look in of_this for one in look(seen)]
        yield from found
        if not any(one.weight == "wrong" for one in found) and (kind != OTHER or "field" in event.detail):
            yield from UNEXPLAINED(seen or nameless)

    def _whose(self, kind: str, event: Event, request: Request, sent: Params, issuer: str) -> Client | None:
        """The application that the error is of; else the one whose name was nearly right."""
        registry = self._services.registry
        swapped = sent.first.get("client_secret") or ""  # an id that was pasted into the wrong field
        said = [event.client_id, request.visitor.client_id, request.visitor.for_client, sent.get("client_id")]
        named = client_auth.named(request)[0] if kind in _NAMES_ITS_CLIENT else ""
        mentioned = clues.client_ids(self._services, request, sent) if not issuer else iter(())
        for client_id in chain(said, (named, swapped), mentioned):
            client = registry.find(client_id) if client_id else None
            if client is not None:
                return client
        if issuer and registry.find_entity(issuer) is None and registry.find_removed_entity(issuer) is not None:
            return None  # whose it was is known; no other is meant by it
        name, find = (issuer, registry.find_entity) if issuer else (sent.get("client_id") or named, registry.find)
        found = next(filter(None, map(find, _spellings(name))), None)
        if found is not None or not issuer:
            return found or self._near(name)
        return next(iter(near(self._services, issuer)), None)

    def _near(self, name: str) -> Client | None:
        """The client of whose id the greater part is right, else the one of this name. Three searches at most."""
        for part in dict.fromkeys((name[:_PART], name[-_PART:])):
            if len(part) < _PART:
                continue
            for entry in self._services.registry.search(part, limit=5):
                client = self._services.registry.find(entry.id)
                if client is not None and client.saml is None and alike(name, client.id):
                    return client
        found = self._services.registry.search(name, limit=5) if 0 < len(name) <= MAX_NAME else ()
        called_so = [one for one in found if one.name.casefold() == name.strip().casefold()]
        client = self._services.registry.find(called_so[0].id) if len(called_so) == 1 else None
        return client if client is not None and client.saml is None else None


def _spellings(name: str) -> Iterator[str]:
    """A name as it may have been meant."""
    bare = "".join(one for one in name if one.isprintable()).strip().strip("\"'“”‘’`")
    for one in dict.fromkeys((name, bare, unquote(bare), bare.lower())):
        if one:
            yield one
            yield one.rstrip("/") if one.endswith("/") else f"{one}/"
    parts = _split(bare)
    for scheme, other in (("http", "https"), ("https", "http")):
        if parts[0] == scheme:
            yield f"{other}:{parts[1]}"


def _split(name: str) -> tuple[str, str]:
    try:
        scheme = taken_apart(name).scheme
    except ValueError:
        return "", ""
    return scheme, name.partition(":")[2]
