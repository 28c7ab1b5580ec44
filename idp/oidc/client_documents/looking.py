"""Whether the document behind a client id counts: from memory, from State, or asked for once more."""

from __future__ import annotations

from typing import Final

from clients.documents import hosts, reading
from clients.documents.address import Address
from clients.documents.address import read as read_address
from clients.documents.hosts import Host
from clients.errors import ChangedMeanwhile, InvalidMetadata, UnknownClient
from idp.ids import digest
from idp.oidc.client_documents import changing, fetching, guests, problems
from idp.oidc.client_documents.fetching import Unreadable
from idp.oidc.destination import Untrusted
from idp.protocols import Services
from idp.readers.seen import place_of
from idp.wire import Request

#: Documents that one network, and that everybody together, may make us ask a host for in a minute.
OF_A_NETWORK, OF_A_HOST = 20, 60
#: Seconds in which one that could not be had is not asked for again. It is a pause, and no answer that is kept: the
#: next try is a new one (CIMD §4.2: errors are not cached).
PAUSE: Final = 10.0
ASKING: Final = 15.0  # seconds that one request of ours takes at most, and is waited for by no other


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
    wrong, is_final = _renewed(services, request, address, host)
    if wrong is not None and proving and not is_final and services.registry.find_registered(client_id) is not None:
        return None  # what a person has let in does not end because a server elsewhere is down
    return wrong


def _renewed(services: Services, request: Request, address: Address, host: Host) -> tuple[Untrusted | None, bool]:
    """Ask for it; what is wrong, and whether that holds for who was let in as well."""
    if (why := _held_back(services, request, address)) is not None:
        return why, False
    key = _asking(address)
    if not services.state.add(key, 1, ASKING):
        return problems.too_often(address, "another request asks for it at this moment"), False
    try:
        got = fetching.fetch(services, address)
        wanted = reading.read(got.said, address, host.policy)
        wanted = changing.with_own_name(services, address, wanted)
        guests.keep(services, address.url, wanted, host.policy, got.life)
        changing.read_again(services, request, address.url, wanted, host.policy)
    except Unreadable as error:
        services.state.put(_failed(address), error.reason, PAUSE)
        return problems.unreadable(address, error.reason), error.is_final
    except InvalidMetadata as error:
        reason = " ".join(f"{one.field}: {one.message}." for one in error.problems)
        services.state.put(_failed(address), reason, PAUSE)
        return problems.wrong(address, reason, error.problems[0].field), True
    except (ChangedMeanwhile, UnknownClient):  # another process was quicker, and has read the same
        return None, False
    finally:
        services.state.take(key)
    return None, False


def _held_back(services: Services, request: Request, address: Address) -> Untrusted | None:
    """Nobody makes us ask at will."""
    failed = services.state.get(_failed(address))
    if failed is not None:
        return problems.unreadable(address, str(failed))
    who = digest(f"client document {place_of(request.remote_address)}")
    if services.state.count(f"client-document-pace:{who}", 60) > OF_A_NETWORK:
        return problems.too_often(address, f"at most {OF_A_NETWORK} a minute from one network")
    if services.state.count(f"client-document-host:{digest(address.host)}", 60) > OF_A_HOST:
        return problems.too_often(address, f"at most {OF_A_HOST} a minute of one host")
    return None


def _asking(address: Address) -> str:
    return f"client-document-asking:{digest(address.url)}"


def _failed(address: Address) -> str:
    return f"client-document-failed:{digest(address.url)}"
