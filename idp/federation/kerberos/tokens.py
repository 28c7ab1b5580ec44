"""Which ticket a token carries, of which kind, and what is sent once, as far as it can be read without a key.

Nothing here is believed: the library that has the key opens the ticket. It says what an admin has to be told, and
names the authenticator, of which each is new (RFC 4120 §5.5.1). Imported with the first token (`warming`).
"""

from __future__ import annotations

from typing import Any, Final

from pyasn1.codec.der import decoder
from pyasn1.error import PyAsn1Error
from pyasn1.type import char, namedtype, tag, univ

from idp.federation.kerberos.shown import Ntlm, Shown, Unreadable
from idp.ids import digest

_SPNEGO, _KERBEROS = "1.3.6.1.5.5.2", "1.2.840.113554.1.2.2"
#: The last one is Windows 2000's own, which it sends first to this day.
_KERBEROS_TOO: Final = (_KERBEROS, "1.2.840.48018.1.2.2")
_NTLM, _NTLM_MARK = "1.3.6.1.4.1.311.2.2.10", b"NTLMSSP\0"


def read(token: bytes) -> Shown:
    """Which ticket it carries. Errors: `Ntlm`, `Unreadable`."""
    if token.startswith(_NTLM_MARK):
        raise Ntlm
    try:
        mechanism, inner = _framed(token)
        if mechanism == _SPNEGO:
            mechanism, inner = _framed(_offered(inner))
        if mechanism not in _KERBEROS_TOO or inner[:2] != b"\x01\x00":  # RFC 4121 §4.1: KRB_AP_REQ
            raise Unreadable("it carries no ticket")
        asked, rest = decoder.decode(inner[2:], asn1Spec=_AP_REQ)
        if rest:
            raise Unreadable("something stands behind the ticket")
        return _shown(asked)
    except (PyAsn1Error, UnicodeError, IndexError, RecursionError):
        raise Unreadable("it is no token of RFC 4178") from None


def _offered(inner: bytes) -> bytes:
    """What the browser would rather speak, with its first token (RFC 4178 §4.2.1)."""
    init, _ = decoder.decode(inner, asn1Spec=_NEG_TOKEN_INIT)
    first = str(init["mechTypes"][0])
    sent = bytes(init["mechToken"]) if init["mechToken"].isValue else b""
    if first == _NTLM or sent.startswith(_NTLM_MARK):
        raise Ntlm
    if first not in _KERBEROS_TOO or not sent:
        raise Unreadable(f"it would rather speak {first[:40]}")
    return sent


def _framed(token: bytes) -> tuple[str, bytes]:
    """The mechanism, and its own octets (RFC 2743 §3.1)."""
    content, rest = decoder.decode(token, asn1Spec=_FRAME)
    if rest:
        raise Unreadable("something stands behind the token")
    mechanism, inner = decoder.decode(bytes(content), asn1Spec=univ.ObjectIdentifier())
    return str(mechanism), bytes(inner)


def _shown(asked: Any) -> Shown:
    ticket, authenticator = asked["ticket"], asked["authenticator"]
    sealed = ticket["enc-part"]
    service = "/".join(str(part) for part in ticket["sname"]["name-string"])
    version = int(sealed["kvno"]) if sealed["kvno"].isValue else None
    return Shown(
        str(ticket["realm"])[:200], service[:200], int(sealed["etype"]), int(authenticator["etype"]), version,
        digest(bytes(authenticator["cipher"]).hex()),
    )  # fmt: skip


# -- as the standards write them: RFC 4120 §5, RFC 4178 §4.2 -----------------------------------------------------------

_UNIV: Final[Any] = univ  # which says no types


def _at(number: int, kind: Any) -> Any:
    return kind.subtype(explicitTag=tag.Tag(tag.tagClassContext, tag.tagFormatConstructed, number))


def _application(number: int, kind: Any) -> Any:
    return kind.subtype(explicitTag=tag.Tag(tag.tagClassApplication, tag.tagFormatConstructed, number))


def _sequence(*fields: tuple[str, Any], lacks: tuple[str, ...] = ()) -> Any:
    """Fields in their order; those of `lacks` may be left out."""
    named = (
        (namedtype.OptionalNamedType if name in lacks else namedtype.NamedType)(name, _at(n, kind))
        for n, (name, kind) in enumerate(fields)
    )
    return _UNIV.Sequence(componentType=namedtype.NamedTypes(*named))


_INTEGER, _OCTETS, _BITS, _STRING = _UNIV.Integer(), _UNIV.OctetString(), _UNIV.BitString(), char.GeneralString()
_FRAME: Final = _UNIV.Any().subtype(implicitTag=tag.Tag(tag.tagClassApplication, tag.tagFormatConstructed, 0))
_PRINCIPAL_NAME: Final = _sequence(("name-type", _INTEGER), ("name-string", _UNIV.SequenceOf(componentType=_STRING)))
_ENCRYPTED: Final = _sequence(("etype", _INTEGER), ("kvno", _INTEGER), ("cipher", _OCTETS), lacks=("kvno",))
_TICKET: Final = _application(1, _sequence(
    ("tkt-vno", _INTEGER), ("realm", _STRING), ("sname", _PRINCIPAL_NAME), ("enc-part", _ENCRYPTED),
))  # fmt: skip
_AP_REQ: Final = _application(14, _sequence(
    ("pvno", _INTEGER), ("msg-type", _INTEGER), ("ap-options", _BITS), ("ticket", _TICKET),
    ("authenticator", _ENCRYPTED),
))  # fmt: skip
_NEG_TOKEN_INIT: Final = _at(0, _sequence(
    ("mechTypes", _UNIV.SequenceOf(componentType=_UNIV.ObjectIdentifier())), ("reqFlags", _BITS),
    ("mechToken", _OCTETS), ("mechListMIC", _OCTETS), lacks=("reqFlags", "mechToken", "mechListMIC"),
))  # fmt: skip
