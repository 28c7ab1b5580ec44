"""Channel bindings and session keys of enhanced clients (ECP 2.0 §2.3.6.2, SAML-EC §5.3.1).

The service provider and the client each say which channel they see between them; only where it is the same one is
there nobody in the middle. A key that both learn, the service provider inside the encrypted assertion, binds what
comes after.
"""

from __future__ import annotations

import os
from base64 import b64encode
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from idp.errors import SamlError
from idp.saml.messages import names
from idp.saml.messages.authn_request import ChannelBinding, read_channel_bindings
from idp.saml.messages.xml import Element, element, qualified

NEXT: Final = "http://schemas.xmlsoap.org/soap/actor/next"
KEY_BYTES: Final = 32
_ACTOR: Final = qualified(names.SOAP, "actor")
_MUST_UNDERSTAND: Final = qualified(names.SOAP, "mustUnderstand")
#: What a client may send along. Of the headers that the service provider meant for it some forward a few.
_KNOWN: Final = (names.CB, names.SAMLEC, names.ECP, names.PAOS_NS)


@dataclass(frozen=True, slots=True)
class Bound:
    """What goes along with a Response: into the assertion (saml:Advice) and, the same, to the client."""

    advice: tuple[Element, ...] = ()
    headers: tuple[Element, ...] = ()


def find_unknown(headers: Iterable[Element]) -> str | None:
    """A header that we must understand and do not (SOAP 1.1 §4.2.3)."""
    for header in headers:
        name = str(header.tag)
        is_ours = header.get(_ACTOR) in (None, "", NEXT)
        known = any(name.startswith(f"{{{ns}}}") for ns in _KNOWN)
        if is_ours and not known and header.get(_MUST_UNDERSTAND) in ("1", "true"):
            return name
    return None


def bind(
    asked: tuple[ChannelBinding, ...], headers: Iterable[Element], *, signed: bool, encrypted: bool
) -> Bound:  # fmt: skip
    """Compare what both sides say. `asked`: in the request; `headers`: the client's.

    Errors: `SamlError` where they do not agree.
    """
    seen = read_channel_bindings(headers)
    advice, headers_back = [], []
    if asked or seen:
        if not signed:
            # Anybody in the middle would put in what they see.
            raise _denied("A request with channel bindings must be signed.")
        same = next((one for one in asked if one in seen), None)
        if same is None:
            raise _denied("The channel bindings of the service provider and of the client differ.")
        advice.append(_binding(same))
        headers_back.append(_binding(same, {_MUST_UNDERSTAND: "1", _ACTOR: NEXT}))
    if encrypted:
        # SAML-EC §5.3.1: for the service provider inside what is encrypted; nobody else reads it there.
        key = b64encode(os.urandom(KEY_BYTES)).decode()
        advice.append(element(names.SAMLEC, "GeneratedKey", None, key))
        headers_back.append(element(names.SAMLEC, "GeneratedKey", {_ACTOR: NEXT}, key, declare=("soap",)))
    return Bound(tuple(advice), tuple(headers_back))


def _binding(one: ChannelBinding, header: dict[str, str] | None = None) -> Element:
    about = {"Type": one.kind} if one.kind else {}
    declare = ("soap",) if header else ()
    return element(names.CB, "ChannelBindings", {**about, **(header or {})}, one.data, declare=declare)


def _denied(message: str) -> SamlError:
    return SamlError(
        names.REQUESTER, names.REQUEST_DENIED, message,
        fix="Somebody may stand between the client and the service provider; or the two mean different channels, such "
        "as one behind a proxy that ends TLS.", kind="channel_bindings",
    )  # fmt: skip
