"""One conversation with one LDAP server: connected to the address that was checked, with verified TLS, in bounded time.

The only file that knows ldap3, whose TLS is not used: the standard library verifies certificate and host name. It is
imported where a directory is asked (`warming`): most installations have none.
"""

from __future__ import annotations

import ipaddress
import ssl
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any, Final

import ldap3
from ldap3.core.exceptions import LDAPException, LDAPInvalidFilterError
from ldap3.operation.search import parse_filter
from pyasn1.codec.ber import decoder
from pyasn1.error import PyAsn1Error
from pyasn1.type import namedtype, tag, univ

from idp.federation.ldap.answers import BadFilter, Bound, Entry, Page, Unreachable
from idp.federation.provider import Provider
from idp.http import OutboundFailed, OutboundRefused, Target, parse_directory
from idp.services import Services

CONNECT_SECONDS: Final = 0.8
SIZE_LIMIT_EXCEEDED: Final = 4
NO_SUCH_OBJECT: Final = 32
_PARSED: Final[Any] = parse_filter  # which says no types
PASSWORD_MODIFY: Final = "1.3.6.1.4.1.4203.1.11.1"
#: Password Policy for LDAP Directories (draft-behera): asked for with each bind.
PPOLICY: Final = "1.3.6.1.4.1.42.2.27.8.5.1"


class Conversation:
    """An open connection, used by one thread. All of it may raise `Unreachable`."""

    def __init__(self, connection: Any, until: float) -> None:
        self._connection, self._until = connection, until

    def bind(self, dn: str, password: str) -> Bound:
        """Show a password. Errors: `ValueError` for an empty one or an empty name, and for one that is no text."""
        # Octets are sent as they are; of text the library makes another password (SASLprep), or refuses it.
        octets = password.encode("utf-8")
        if not dn or not octets:
            # RFC 4513 §5.1.2: a name without a password is "unauthenticated", and succeeds for everybody.
            raise ValueError("an empty password proves nothing")
        controls = [(PPOLICY, False, None)]
        with self._in_time():
            self._connection.rebind(user=dn, password=octets, read_server_info=False, controls=controls)
            result = self._connection.result
        self._connection.password = None
        return _came_to(result)

    def modify_password(self, dn: str, old: str, new: str) -> Bound:
        """Another password for an entry, by the server's own verb (RFC 3062), which keeps it as its policy says."""
        value = _PasswordChange()
        value["userIdentity"], value["oldPasswd"], value["newPasswd"] = dn.encode(), old.encode(), new.encode()
        with self._in_time():
            self._connection.extended(PASSWORD_MODIFY, value, controls=[(PPOLICY, False, None)])
            return _came_to(self._connection.result)

    def replace_unicode_password(self, dn: str, old: str, new: str) -> Bound:
        """The same at Active Directory (MS-ADTS §3.1.1.3.1.5): the old one out and the new one in is a change, for
        which the domain looks at the old one itself, and at its policy. To replace it would be a reset, for which not.
        """
        taken, given = (f'"{one}"'.encode("utf-16-le") for one in (old, new))
        changes = {"unicodePwd": [(ldap3.MODIFY_DELETE, [taken]), (ldap3.MODIFY_ADD, [given])]}
        with self._in_time():
            self._connection.modify(dn, changes)
            return _came_to(self._connection.result)

    def replace(self, dn: str, attribute: str, *values: str) -> bool:
        """Other values of one attribute, or none; False where the server does not let us."""
        with self._in_time():
            self._connection.modify(dn, {attribute: [(ldap3.MODIFY_REPLACE, [one.encode() for one in values])]})
            return int(self._connection.result["result"]) == 0

    def search(self, base: str, filter: str, attributes: Sequence[str], *, most: int) -> tuple[Entry, ...]:
        """What is found, at most `most`; nothing where the base is not there. Errors: `BadFilter`."""
        with self._in_time():
            self._searched(base, filter, attributes, size_limit=most)
        code = int(self._connection.result["result"])
        if code not in (0, SIZE_LIMIT_EXCEEDED, NO_SUCH_OBJECT):
            raise Unreachable(f"the search was answered with {self._connection.result['description']}", "search")
        return self._entries(base)

    def listed(self, base: str, filter: str, attributes: Sequence[str], *, most: int) -> tuple[Entry, ...] | None:
        """All that is found; None where the list was cut or its base is not to be seen: it is not known then.

        Errors: `BadFilter`.
        """
        found = self.search(base, filter, attributes, most=most)
        return found if int(self._connection.result["result"]) == 0 else None

    def read(self, dn: str, attributes: Sequence[str]) -> Entry | None:
        """One entry by its name; '' is what the server says of itself."""
        with self._in_time():
            self._searched(dn, "(objectClass=*)", attributes, search_scope=ldap3.BASE)
        return next(iter(self._entries(dn)), None)

    def has_base(self, base: str) -> bool:
        """Whether the base of the people is there and can be seen."""
        with self._in_time():
            self._searched(base, "(objectClass=*)", ("1.1",), search_scope=ldap3.BASE)
        return int(self._connection.result["result"]) == 0 and bool(self._connection.response)

    def page(self, base: str, filter: str, attributes: Sequence[str], size: int, cookie: bytes) -> Page:
        """A part of what is found (RFC 2696). Errors: `BadFilter`."""
        with self._in_time():
            self._searched(
                base, filter, attributes, paged_size=size, paged_cookie=cookie or None, paged_criticality=True
            )
        result = self._connection.result
        if int(result["result"]) != 0:
            raise Unreachable(f"the search was answered with {result['description']}", "search")
        control = (result.get("controls") or {}).get("1.2.840.113556.1.4.319", {})
        return Page(self._entries(base), (control.get("value") or {}).get("cookie") or b"")

    def extend(self, seconds: float) -> None:
        """So much time from now on: long work is bounded step by step."""
        self._until = self._connection.socket.until = time.monotonic() + seconds

    def _searched(self, base: str, filter: str, attributes: Sequence[str], **how: Any) -> None:
        try:
            self._connection.search(base, filter, attributes=list(attributes), **how)
        except (LDAPInvalidFilterError, PyAsn1Error) as error:
            raise BadFilter(filter) from error

    def _entries(self, base: str) -> tuple[Entry, ...]:
        # References to other servers are not followed: a password would go to whoever they name.
        found = self._connection.response or ()
        return tuple(
            Entry(one["dn"], {name.lower(): tuple(values) for name, values in one["raw_attributes"].items()})
            for one in found
            if one["type"] == "searchResEntry"
        )

    @contextmanager
    def _in_time(self) -> Iterator[None]:
        if time.monotonic() >= self._until:
            raise Unreachable("it did not answer in time")
        try:
            yield
        except (BadFilter, Unreachable):
            raise
        except (LDAPException, OSError, PyAsn1Error) as error:
            raise Unreachable(_told(error)) from None


def _came_to(result: Any) -> Bound:
    policy = (result.get("controls") or {}).get(PPOLICY, {}).get("value") or b""
    return Bound(int(result["result"]), str(result.get("message") or ""), policy_error(policy))


def is_filter(text: str) -> bool:
    """Whether it can be sent as one."""
    try:
        _PARSED(text, None, False, False, None, False)
    except (LDAPException, PyAsn1Error, ValueError):
        return False
    return True


@contextmanager
def connected(services: Services, provider: Provider, server: str, seconds: float) -> Iterator[Conversation]:
    """A conversation of at most so many seconds. Errors: `Unreachable`."""
    until = time.monotonic() + seconds
    target = parse_directory(server)
    connection: Any = None
    try:
        address = services.outbound.addresses_of(target, min(CONNECT_SECONDS, seconds))[0]
        connection = _connection(provider, target, address, until)
        connection.open(read_server_info=False)
        connection.socket = _Bounded(connection.socket, until)
        # RFC 4511 §4.14: before anything is said that somebody on the way could read or answer.
        if _starts_tls(provider, target, address) and not connection.start_tls(read_server_info=False):
            raise Unreachable("it does not take StartTLS", "tls")
        yield Conversation(connection, until)
    except (OutboundRefused, OutboundFailed) as error:
        raise Unreachable(error.reason, "refused" if isinstance(error, OutboundRefused) else "") from None
    except ssl.SSLError as error:
        raise Unreachable(_told(error), "tls") from None
    except (LDAPException, OSError) as error:
        raise Unreachable(_told(error), "tls" if "certificate" in str(error) else "") from None
    finally:
        if connection is not None:
            with suppress(Exception):
                connection.socket.close()


def _starts_tls(provider: Provider, target: Target, address: str) -> bool:
    if target.scheme == "ldaps":
        return False
    if provider.plain and not ipaddress.ip_address(address).is_loopback:
        raise Unreachable("without TLS only a server on this machine is asked", "tls")
    return not provider.plain


def _connection(provider: Provider, target: Target, address: str, until: float) -> Any:
    secure = target.scheme == "ldaps"
    server = ldap3.Server(
        address, target.port, use_ssl=secure, get_info=ldap3.NONE, connect_timeout=CONNECT_SECONDS,
        tls=_Verified(target.host, provider.ca, until),
    )  # fmt: skip
    return ldap3.Connection(
        server, auto_bind=ldap3.AUTO_BIND_NONE, client_strategy=ldap3.SYNC, auto_referrals=False, check_names=False,
        receive_timeout=1, return_empty_attributes=False, auto_encode=False, raise_exceptions=False,
    )  # fmt: skip


class _Verified(ldap3.Tls):
    """TLS by the standard library: the certificate is verified, and is of the very host that was named."""

    def __init__(self, host: str, ca: str, until: float) -> None:
        super().__init__(validate=ssl.CERT_REQUIRED)
        self._host, self._until = host, until
        self._context = ssl.create_default_context(cadata=ca or None)

    def wrap_socket(self, connection: Any, do_handshake: bool = False) -> None:
        bounded = connection.socket if isinstance(connection.socket, _Bounded) else None
        plain = bounded.inner if bounded is not None else connection.socket
        plain.settimeout(max(0.05, min(CONNECT_SECONDS, self._until - time.monotonic())))
        secure = self._context.wrap_socket(plain, server_hostname=self._host)
        connection.socket = _Bounded(secure, self._until) if bounded is not None else secure


class _Bounded:
    """A socket that never waits beyond a moment, however slowly its other end drips."""

    def __init__(self, inner: Any, until: float) -> None:
        self.inner, self.until = inner, until

    def recv(self, size: int) -> bytes:
        left = self.until - time.monotonic()
        if left <= 0:
            raise TimeoutError("timed out")
        self.inner.settimeout(left)
        got: bytes = self.inner.recv(size)
        return got

    def sendall(self, data: bytes) -> None:
        self.inner.settimeout(max(0.05, self.until - time.monotonic()))
        self.inner.sendall(data)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)


def _told(error: BaseException) -> str:
    """In our words: what a library says may hold what was sent."""
    text = str(error)
    if "CERTIFICATE_VERIFY_FAILED" in text or "certificate verify failed" in text:
        why = text.partition("certificate verify failed: ")[2].partition(" (")[0]
        return f"its TLS certificate was not accepted: {why[:100]}"
    if "timed out" in text or "temporarily unavailable" in text:
        return "it did not answer in time"
    if "refused" in text:
        return "it did not accept the connection"
    return f"it did not answer as a directory does ({type(error).__name__})"


def _context(of: Any, **tagged: tuple[int, int]) -> Any:
    return of.subtype(**{how: tag.Tag(tag.tagClassContext, *which) for how, which in tagged.items()})


class _PolicyAnswer(univ.Sequence):
    """PasswordPolicyResponseValue (draft-behera-ldap-password-policy §6.2)."""

    componentType = namedtype.NamedTypes(  # noqa: N815
        namedtype.OptionalNamedType("warning", _context(univ.Any(), explicitTag=(tag.tagFormatConstructed, 0))),
        namedtype.OptionalNamedType("error", _context(univ.Enumerated(), implicitTag=(tag.tagFormatSimple, 1))),
    )


class _PasswordChange(univ.Sequence):
    """PasswdModifyRequestValue (RFC 3062 §2)."""

    componentType = namedtype.NamedTypes(  # noqa: N815
        *(
            namedtype.OptionalNamedType(name, _context(univ.OctetString(), implicitTag=(tag.tagFormatSimple, number)))
            for number, name in enumerate(("userIdentity", "oldPasswd", "newPasswd"))
        )
    )


def policy_error(value: bytes) -> int | None:
    """The error that a password policy's answer tells; None for none, and for what cannot be read."""
    try:
        found = decoder.decode(value, asn1Spec=_PolicyAnswer())[0]["error"] if value else None
        return int(found) if found is not None and found.hasValue() else None
    except (PyAsn1Error, KeyError, ValueError):
        return None
