"""Whether the document behind a client id counts: from memory, from State, or asked for once more."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from clients.documents import hosts, reading
from clients.documents.address import Address
from clients.documents.address import read as read_address
from clients.documents.hosts import Host
from clients.errors import ChangedMeanwhile, InvalidMetadata, UnknownClient
from idp.ids import digest
from idp.oidc.client_documents import changing, fetching, guests, problems
from idp.oidc.client_documents.fetching import Unreadable
from idp.oidc.client_documents.guests import Guest
from idp.oidc.destination import Untrusted
from idp.protocols import Services
from idp.readers.seen import place_of
from idp.wire import Request

#: Documents that one network, and that everybody together, may make us ask a host for in a minute; and how often one
#: document is asked for whose client somebody has let in: strangers do not use that up with addresses they make up.
OF_A_NETWORK, OF_A_HOST, OF_A_ROW = 20, 60, 20
#: Seconds in which one that could not be had is not asked for again. It is a pause with its reason, and no answer that
#: is kept: the next try is a new one (CIMD §4.2: errors are not cached).
PAUSE: Final = 10.0
ASKING: Final = 15.0  # seconds that one request of ours takes at most
#: Seconds that what was good goes on to count, while another request asks anew: a slow host stops nobody.
MEANWHILE: Final = 60.0


def look(services: Services, request: Request, client_id: str, *, proving: bool) -> Untrusted | None:
    """See `idp.oidc.client_documents.look`."""
    if services.settings.oauth.client_id_documents == "off":
        return problems.off(client_id)
    now = services.clock()
    if services.part(guests.Known).is_fresh(client_id, now):
        return None
    try:
        address = read_address(client_id)
    except ValueError as error:
        return problems.address(client_id, str(error))
    host = hosts.find(services.db, address.host)
    if host is None or host.state != hosts.ALLOWED:
        return problems.host(services, address, host)
    seen = guests.read(services, client_id)
    if seen is not None and seen.fresh_until > now and seen.policy == host.policy:
        services.part(guests.Known).put(client_id, now, seen.fresh_until)
        return None
    is_row = services.registry.find_registered(client_id) is not None
    wrong, is_final = _renewed(services, request, address, host, seen, is_row=is_row)
    if wrong is not None and proving and not is_final and is_row:
        return None  # what a person has let in does not end because a server elsewhere is down
    return wrong


def _renewed(
    services: Services, request: Request, address: Address, host: Host, seen: Guest | None, *, is_row: bool
) -> tuple[Untrusted | None, bool]:  # fmt: skip
    """Ask for it; what is wrong, and whether that holds for who was let in as well."""
    failed = services.state.get(_failed(address))
    if failed is not None:
        return _told(address, failed)
    key = _asking(address)
    is_first = services.state.add(key, 1, ASKING)
    try:
        if not is_first and _counts_meanwhile(services, host, seen):
            return None, False
        if not is_first and not is_row:
            return problems.too_often(address, "another request asks for it at this moment"), False
        if (limit := _limit(services, request, address, is_row=is_row)) is not None:
            # Nobody gets by with what a document said once, by asking so often that it is not read.
            return problems.too_often(address, limit), True
        return _asked(services, request, address, host)
    finally:
        if is_first:
            services.state.take(key)


def _asked(
    services: Services, request: Request, address: Address, host: Host
) -> tuple[Untrusted | None, bool]:  # fmt: skip
    try:
        got = fetching.fetch(services, address)
        wanted = reading.read(got.said, address, host.policy)
        wanted = changing.with_own_name(services, address, wanted)
        guests.check(services, address.url, wanted, host.policy)
        # The row follows before the document counts as read: where it cannot, the next request asks again.
        changing.read_again(services, request, address.url, wanted, host.policy)
        guests.keep(services, address.url, wanted, host.policy, got.life)
    except Unreadable as error:
        return _fail(services, address, {"reason": error.reason, "is_final": error.is_final, "field": ""})
    except InvalidMetadata as error:
        reason = " ".join(f"{one.field}: {one.message}." for one in error.problems)
        return _fail(services, address, {"reason": reason, "is_final": True, "field": error.problems[0].field})
    except (ChangedMeanwhile, UnknownClient):  # somebody else changed it at this moment: read it anew the next time
        services.registry.refresh()
    return None, False


def _counts_meanwhile(services: Services, host: Host, seen: Guest | None) -> bool:
    return seen is not None and seen.policy == host.policy and services.clock() < seen.fresh_until + MEANWHILE


def _limit(services: Services, request: Request, address: Address, *, is_row: bool) -> str | None:
    """Nobody makes us ask at will: what is asked for too often, in words."""
    count = services.state.count
    if is_row:
        is_over = count(f"client-document-row:{digest(address.url)}", 60) > OF_A_ROW
        return f"at most {OF_A_ROW} a minute of one document" if is_over else None
    who = digest(f"client document {place_of(request.remote_address)}")
    if count(f"client-document-pace:{who}", 60) > OF_A_NETWORK:
        return f"at most {OF_A_NETWORK} a minute from one network"
    if count(f"client-document-host:{digest(address.host)}", 60) > OF_A_HOST:
        return f"at most {OF_A_HOST} a minute of one host"
    return None


def _fail(services: Services, address: Address, failed: dict[str, Any]) -> tuple[Untrusted | None, bool]:
    services.state.put(_failed(address), failed, PAUSE)
    return _told(address, failed)


def _told(address: Address, failed: Mapping[str, Any]) -> tuple[Untrusted | None, bool]:
    """A failure, and whether it is final: both hold as long as its pause."""
    reason, field = str(failed["reason"]), str(failed["field"])
    wrong = problems.wrong(address, reason, field) if field else problems.unreadable(address, reason)
    return wrong, bool(failed["is_final"])


def _asking(address: Address) -> str:
    return f"client-document-asking:{digest(address.url)}"


def _failed(address: Address) -> str:
    return f"client-document-failed:{digest(address.url)}"
