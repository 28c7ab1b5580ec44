"""A ticket opened with the keys of the keytab, by MIT's library: the only file that knows it.

The file is read each time, so that a new one, with the old key versions beside the new, is used at once. Nothing goes
over the network for it, and the library lets other threads run meanwhile.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from idp.services import Services

#: What is missing where the library is not there, and how it comes.
INSTALL: Final = (
    "apt-get install libkrb5-dev gcc python3-dev, then pip install 'doorward[kerberos]' into Doorward's environment"
)
_KERBEROS, _SPNEGO = "1.2.840.113554.1.2.2", "1.3.6.1.5.5.2"
_NAME: Final = re.compile(r"([^@/\\\s]{1,200})@([A-Za-z0-9.-]{1,200})")

_OWN: Final = re.compile(
    r"(Major|Minor) \(\d+\): |Unspecified GSS failure\.\s+Minor code may provide more information,? ?"
)


class NotReady(Exception):
    """Nobody can come in by it here: the library or the keytab is missing."""


class NotAccepted(Exception):
    """The library does not take the ticket; `args[0]`: its own words."""


@dataclass(frozen=True, slots=True)
class Accepted:
    """Whose ticket it is. `name`, `realm`: of the principal; `auth_time`: when they signed in there, epoch seconds;
    `answer`: what the browser may check us by, empty for nothing; `sid`: of the account in Active Directory, by the
    domain's own word in the ticket, empty where it says none.
    """

    name: str
    realm: str
    auth_time: float
    answer: bytes = b""
    sid: bytes = b""

    @property
    def principal(self) -> str:
        """As it is written (RFC 4120 §6.2)."""
        return f"{self.name}@{self.realm}"


@dataclass(frozen=True, slots=True)
class Key:
    """One key of a keytab. `kind`: the number of its encryption."""

    principal: str
    version: int
    kind: int


def keytab(services: Services) -> Path:
    """The file. Errors: `NotReady`."""
    named = services.settings.kerberos.keytab
    if not named:
        raise NotReady("kerberos.keytab of the settings names no file")
    return services.settings.path(named)


def check_library() -> None:
    """Whether the libraries are there. Errors: `NotReady`."""
    _library()
    _keytabs()


def accept(file: Path, token: bytes) -> Accepted:
    """Whose ticket it is. Errors: `NotReady`, `NotAccepted`."""
    gssapi, raw = _library()
    kerberos, spnego = gssapi.OID.from_int_seq(_KERBEROS), gssapi.OID.from_int_seq(_SPNEGO)
    _check_readable(file)
    try:
        # Any key of the file, whatever the name: a host has several, and a name of two spellings.
        store = {b"keytab": b"FILE:" + str(file).encode()}
        keys = raw.acquire_cred_from(store, usage="accept", mechs=[kerberos, spnego]).creds
        raw.set_neg_mechs(keys, [kerberos])  # RFC 4178 §4.1: neither NTLM nor anything else that is installed
        # RFC 4559 says nothing of channel bindings; behind a proxy TLS ends elsewhere.
        context = gssapi.SecurityContext(creds=gssapi.Credentials(keys), usage="accept")
        answer = context.step(token)
        if not context.complete or context.mech != kerberos:
            raise NotAccepted("it takes more than one step, which is not spoken here")
        found = _NAME.fullmatch(str(context.initiator_name))
        auth_time = float(raw.krb5_extract_authtime_from_sec_context(context))
        sid = _sid(gssapi, raw, context.initiator_name)
    except gssapi.exceptions.GSSError as error:
        raise NotAccepted(_words(error)) from None
    if found is None:
        raise NotAccepted("its principal is no person's: a host, a service, or an instance of somebody")
    return Accepted(found[1], found[2], auth_time, answer or b"", sid)


def keys_of(file: Path) -> tuple[Key, ...]:
    """The keys of a keytab. Errors: `NotReady`."""
    krb5 = _keytabs()
    _check_readable(file)
    try:
        context = krb5.init_context()
        table = krb5.kt_resolve(context, b"FILE:" + str(file).encode())
        return tuple(
            Key(str(one.principal), int(one.kvno), int(one.key.enctype))
            for one in table
        )  # fmt: skip
    except krb5.Krb5Error as error:
        raise NotReady(f"{file} is no keytab: {error}") from None


def _check_readable(file: Path) -> None:
    """The library says of a file that it may not read that the key is not in it. Errors: `NotReady`."""
    try:
        file.open("rb").close()
    except OSError as error:
        raise NotReady(f"{file}: {error.strerror or error}") from None


def _library() -> tuple[Any, Any]:
    try:
        import gssapi
        from gssapi import raw
    except ImportError:
        raise NotReady(f"the library gssapi is not installed: {INSTALL}") from None
    if not all(hasattr(raw, name) for name in ("acquire_cred_from", "krb5_extract_authtime_from_sec_context")):
        raise NotReady("the Kerberos library of this machine is not MIT's, or older than 1.16")
    return gssapi, raw


def _sid(gssapi: Any, raw: Any, name: Any) -> bytes:
    """MS-PAC §2.10: UPN_DNS_INFO, whose signature the library has verified. Domains of before 2021 say no SID in it."""
    try:
        found = raw.get_name_attribute(name, b"urn:mspac:upn-dns-info")
    except gssapi.exceptions.GSSError:
        return b""
    said = bytes(found.values[0]) if found.values and found.authenticated else b""
    if len(said) < 20 or not said[8] & 2:
        return b""
    length, offset = int.from_bytes(said[16:18], "little"), int.from_bytes(said[18:20], "little")
    return said[offset : offset + length]


def _keytabs() -> Any:
    try:
        import krb5
    except ImportError:
        raise NotReady(f"the library krb5 is not installed: {INSTALL}") from None
    return krb5


def _words(error: Any) -> str:
    """What the library says, without its own numbers."""
    return _OWN.sub("", str(error)).strip()[:300]
