"""Whose ticket it is, asked in turn: what it carries, whether it opens, whether it is new, and who that is there."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from idp.accounts.person import fold
from idp.errors import Refused
from idp.federation import attempts, keeping, leaving, typed
from idp.federation.kerberos import accepting, refusals
from idp.federation.kerberos.accepting import Accepted, NotAccepted, NotReady
from idp.federation.kerberos.shown import AES, Ntlm, Unreadable
from idp.federation.ldap import asking, entries, filters, groups, standing
from idp.federation.ldap.answers import Entry
from idp.federation.people import MayBe, NotMeant, anybody
from idp.federation.ports import Identity
from idp.federation.provider import Provider
from idp.login.upstream import Typed
from idp.protocols import Services
from idp.wire import Request

if TYPE_CHECKING:
    from idp.federation.ldap.wire import Conversation

#: Seconds that an authenticator is known for: five minutes before and after now are taken (RFC 4120 §3.2.3).
KNOWN_FOR: Final = 900.0


@dataclass(frozen=True, slots=True)
class Proof:
    """What came of it. `said`: who it is here, or what is in their way; `label`: what they are called there."""

    provider: Provider
    accepted: Accepted
    said: Typed
    label: str = ""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Whom a sign-in is for. `hint`: as the application says, or nothing; `may_be`: by their id here."""

    hint: str = ""
    may_be: MayBe = anybody

    def is_named(self, *names: str) -> bool:
        """Whether the hint, if there is one, is one of these."""
        return not self.hint or fold(self.hint) in map(fold, filter(None, names))


def prove(
    services: Services, request: Request, directories: Sequence[Provider], token: bytes, wanted: Wanted
) -> Proof | None:
    """Whose it is; None for somebody new where another is meant. Errors: `Refused`, `Busy`."""
    attempts.count(services, request)
    accepted = _opened(services, token)
    # Another realm may have people of the same names: only those that an owner named are believed.
    able = [one for one in directories if accepted.realm in one.kerberos_realms]
    if not able:
        raise refusals.principal(accepted.principal, "no directory of this network names its realm")
    *first, last = able
    for one in first:  # a realm's people may stand in several: branches, or a directory of each house
        try:
            return _proof(services, request, one, accepted, wanted)
        except Refused as error:
            if error.code != "kerberos_principal":
                raise
    return _proof(services, request, last, accepted, wanted)


def _proof(
    services: Services, request: Request, provider: Provider, accepted: Accepted, wanted: Wanted
) -> Proof | None:
    kept = keeping.find(services.db, provider.id)
    if kept is None or not kept.provider.enabled:
        raise refusals.principal(accepted.principal, "its directory was turned off")
    provider = kept.provider
    state, identity = asking.ask(
        services, provider, leaving.secret_of(services, kept), _asked(provider, accepted, services.clock())
    )
    if identity is None:
        return Proof(provider, accepted, Typed(is_right=True, error=typed.told(provider, state)))
    is_named = wanted.is_named(accepted.name, accepted.principal, identity.label, identity.email or "")
    try:
        said = typed.known(services, request, provider, identity, lambda who: is_named and wanted.may_be(who))
    except NotMeant:
        return None
    return Proof(provider, accepted, said, identity.label)


def _opened(services: Services, token: bytes) -> Accepted:
    from idp.federation.kerberos import tokens

    try:
        shown = tokens.read(token)
    except Ntlm:
        raise refusals.ntlm() from None
    except Unreadable as error:
        raise refusals.unreadable(str(error)) from None
    # RFC 8429 §5: RC4 is not taken, though the keytab has such a key; nor as the key of the session.
    if not {shown.kind, shown.session_kind} <= AES:
        raise refusals.kind(shown)
    try:
        accepted = accepting.accept(accepting.keytab(services), token)
    except NotReady as error:
        raise refusals.not_ready(str(error)) from None
    except NotAccepted as error:
        raise refusals.not_accepted(shown, str(error)) from None
    # RFC 4120 §3.2.3: the library's own cache is this machine's; others hear of it here.
    if not services.state.add("kerberos:seen:" + shown.once, 1, KNOWN_FOR):
        raise refusals.replayed(shown)
    return accepted


def _asked(provider: Provider, accepted: Accepted, now: float) -> Callable[[Conversation], tuple[str, Identity | None]]:
    def ask(conversation: Conversation) -> tuple[str, Identity | None]:
        entry = _entry(conversation, provider, accepted)
        state = standing.of_entry(entry, now)
        if state != standing.OK:
            return state, None
        return state, entries.identity(provider, entry, groups.of(conversation, provider, entry))

    return ask


def _entry(conversation: Conversation, provider: Provider, accepted: Accepted) -> Entry:
    called = accepted.principal
    if accepted.name.endswith("$"):
        raise refusals.principal(called, "it is a computer")
    if provider.subject[0].lower() == "objectguid" and not accepted.sid:  # a name alone may be somebody else's since
        raise refusals.principal(called, "its ticket does not say of which account it is (it has no SID)")
    filter = filters.of_principal(provider, accepted.name, called, accepted.sid)
    found = conversation.search(provider.base_dn, filter, entries.attributes(provider), most=2)
    if len(found) != 1 or not entries.subject(provider, found[0]):
        raise refusals.principal(
            called, f"{len(found) or 'no'} entries have it" if len(found) != 1 else "it has no key"
        )
    return found[0]
