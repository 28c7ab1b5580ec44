"""Every kind of authenticator, one row each: its name, what it proves, where it is set up, whether it lasts.

Whoever names one (a page, a mail, a rule) looks here. What asks for it in the sign-in is the one file of its row.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from idp.accounts.factors import Enrolled, webauthn
from idp.texts import N_

if TYPE_CHECKING:
    from idp.config import Settings

PASSWORD = "pwd"
TOTP = "totp"
SECURITY_KEY = "webauthn"  # presence was shown
PASSKEY = "passkey"  # WebAuthn with user verification: something had, and something known or been
EMAIL = "email"
SMS = "sms"
BACKUP = "backup"
ADMIN_CODE = "admin"
#: An account elsewhere was shown, and what its provider says of how; which of them counts is the provider's own table.
UPSTREAM = "upstream"
UPSTREAM_PASSWORD = "upstream_pwd"
UPSTREAM_SECOND = "upstream_mfa"
UPSTREAM_PHISHING_RESISTANT = "upstream_phr"
#: A Kerberos ticket of the company's domain was shown; what it counts for is the directory's own word.
KERBEROS = "kerberos"
KERBEROS_PASSWORD = "kerberos_pwd"
KERBEROS_SECOND = "kerberos_mfa"
KERBEROS_PHISHING_RESISTANT = "kerberos_phr"


@dataclass(frozen=True, slots=True)
class Method:
    """One thing that can be shown. `amr`: RFC 8176 §2; `factors`: of which kind it is (NIST SP 800-63B-4 §2)."""

    title: str
    amr: tuple[str, ...] = ()
    factors: frozenset[str] = frozenset()
    resists_phishing: bool = False


@dataclass(frozen=True, slots=True)
class SetUp:
    """Where people set one up themselves. `shows`: the methods of a new one; `possible`: whether it can be had here."""

    path: str
    name: str
    add: str
    text: str
    shows: tuple[str, ...]
    possible: Callable[[Settings], bool] = lambda settings: True
    by_script: bool = False  # the browser's own dialog, which nobody sees without JavaScript


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind. `authenticator`: the module of the sign-in that asks for it; `methods`: what it can show, by the names
    that sessions keep.
    """

    kind: str
    title: str
    icon: str
    authenticator: str
    methods: Mapping[str, Method]
    told: str = ""  # its name in messages, where that is not the title
    enrolled: bool = False  # kept among a person's `factors`, who can rename and remove it
    lasts: bool = False  # it is there again at the next sign-in: no list that gets shorter, no code of an hour
    set_up: SetUp | None = None
    #: What somebody shows who signs in with this one, which `data` is kept with; all of `methods` where it is None.
    shown_by: Callable[[Mapping[str, Any]], tuple[str, ...]] | None = None
    works: Callable[[Settings, Enrolled], bool] = lambda settings, enrolled: True
    #: What security events call one of it (CAEP §3.3, `credential_type`), which `data` is kept with.
    credential: Callable[[Mapping[str, Any]], str] = lambda data: "app"

    def shows(self, data: Mapping[str, Any]) -> tuple[str, ...]:
        """The methods that one of this kind shows by itself."""
        return self.shown_by(data) if self.shown_by is not None else tuple(self.methods)


_KNOWN, _HAD = frozenset({"known"}), frozenset({"had"})


def _fido2(data: Mapping[str, Any]) -> str:
    return "fido2-platform" if "internal" in data.get("transports", ()) else "fido2-roaming"


def _of_credential(data: Mapping[str, Any]) -> tuple[str, ...]:
    # `never_alone`: added shortly before “This was not me”; it may be somebody else's (A3).
    return (PASSKEY,) if data.get("user_verified") and not data.get("never_alone") else (SECURITY_KEY,)


def _is_of_this_host(settings: Settings, enrolled: Enrolled) -> bool:
    """A passkey of a former host name lets nobody in."""
    party = webauthn.relying_party(settings)
    return party is not None and bool(webauthn.of_party([enrolled], party))


#: In the order in which they are offered.
ROWS: Final = (
    Kind(
        "webauthn", N_("Passkey or security key"), "key", "idp.login.authenticators.webauthn",
        {
            SECURITY_KEY: Method(N_("Security key"), ("pop",), _HAD, resists_phishing=True),
            PASSKEY: Method(N_("Passkey"), ("pop", "user"), frozenset({"had", "verified"}), resists_phishing=True),
        },
        told=N_("Security key"), enrolled=True, lasts=True, credential=_fido2, shown_by=_of_credential,
        works=_is_of_this_host,
        set_up=SetUp(
            "/security/passkeys", N_("A passkey"), N_("Add a passkey"),
            N_("This device’s fingerprint, face or PIN, or a security key. Nothing to type."),
            (PASSKEY,), lambda settings: settings.has_host_name, by_script=True,
        ),
    ),
    Kind(
        "totp", N_("Authenticator app"), "phone", "idp.login.authenticators.totp",
        {TOTP: Method(N_("Code from an app"), ("otp",), _HAD)}, enrolled=True, lasts=True,
        set_up=SetUp(
            "/security/totp", N_("An authenticator app"), N_("Add an authenticator app"),
            N_("An app on your phone that shows six digits."), (TOTP,),
        ),
    ),
    Kind(
        "password", N_("Password"), "key", "idp.login.authenticators.second_password",
        {PASSWORD: Method(N_("Password"), ("pwd",), _KNOWN)},
    ),
    Kind(
        "sms", N_("Code by text message"), "phone", "idp.login.authenticators.sms",
        {SMS: Method(N_("Code by text message"), ("sms",), _HAD)}, told=N_("Codes by text message"), lasts=True,
    ),
    Kind(
        # NIST SP 800-63B-4 §3.1.3.1: e-mail proves no possession; it lets in where policy says so, and claims nothing.
        "email", N_("Code by e-mail"), "mail", "idp.login.authenticators.email",
        {EMAIL: Method(N_("Code by e-mail"), ("otp",))}, told=N_("Codes by e-mail"), lasts=True,
    ),
    Kind(
        "backup", N_("Backup code"), "check", "idp.login.authenticators.backup_code",
        {BACKUP: Method(N_("Backup code"), ("otp",), _HAD)}, told=N_("Backup codes"),
    ),
    Kind(
        # Whoever talked the help desk into a code has not shown a factor: it lets in, and claims nothing.
        "admin", N_("Code from the help desk"), "info", "idp.login.authenticators.admin_code",
        {ADMIN_CODE: Method(N_("Code from the help desk"), ("otp",))},
    ),
)  # fmt: skip

_ELSEWHERE, _WINDOWS = N_("Account elsewhere"), N_("Windows sign-in")
KINDS: Final[dict[str, Kind]] = {}
#: Nobody is asked for an account elsewhere as a second step, so it is no kind, and one factor alone.
METHODS: Final[dict[str, Method]] = {
    UPSTREAM: Method(_ELSEWHERE, (), _KNOWN),
    UPSTREAM_PASSWORD: Method(_ELSEWHERE, ("pwd",), _KNOWN),
    UPSTREAM_SECOND: Method(_ELSEWHERE, (), _KNOWN | _HAD),
    UPSTREAM_PHISHING_RESISTANT: Method(_ELSEWHERE, (), _KNOWN | _HAD, resists_phishing=True),
    # RFC 8176 §2: wia, Windows integrated authentication
    KERBEROS: Method(_WINDOWS, ("wia",), _KNOWN),
    KERBEROS_PASSWORD: Method(_WINDOWS, ("wia",), _KNOWN),
    KERBEROS_SECOND: Method(_WINDOWS, ("wia",), _KNOWN | _HAD),
    KERBEROS_PHISHING_RESISTANT: Method(_WINDOWS, ("wia",), _KNOWN | _HAD, resists_phishing=True),
}
_UNKNOWN = Method("")  # of a kind that was taken out: whoever showed it is signed in still, and has shown nothing


def add(row: Kind) -> None:
    """One more kind. Those of this product stand in `ROWS`."""
    KINDS[row.kind] = row
    METHODS.update(row.methods)


for _row in ROWS:
    add(_row)


def method(name: str) -> Method:
    """What a session has kept under this name."""
    return METHODS.get(name, _UNKNOWN)


def shown_by(enrolled: Enrolled) -> tuple[str, ...]:
    """What somebody shows with this one; nothing where its kind is unknown here."""
    row = KINDS.get(enrolled.kind)
    return row.shows(enrolled.data) if row is not None else ()


def works(settings: Settings, enrolled: Enrolled) -> bool:
    """Whether it can be used here at all."""
    row = KINDS.get(enrolled.kind)
    return row is not None and row.works(settings, enrolled)


def title(kind: str) -> str:
    """What pages call it; '' for an unknown one, which is shown by its label alone."""
    row = KINDS.get(kind)
    return row.title if row is not None else ""


def told(name: str) -> str:
    """What messages call a kind, or the method by which it was set up."""
    row = KINDS.get(name)
    return (row.told or row.title) if row is not None else METHODS[name].title if name in METHODS else name


def can_be_set_up(settings: Settings) -> dict[str, SetUp]:
    """What people can set up here, by its kind."""
    return {row.kind: row.set_up for row in KINDS.values() if row.set_up is not None and row.set_up.possible(settings)}
