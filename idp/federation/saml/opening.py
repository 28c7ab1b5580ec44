"""A Response from outside becomes one that may be read: one assertion, under a signature by a key of the metadata.

What comes back is parsed anew from the bytes that were signed. A signature that is there must be right, even where
another one would do.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from idp.saml.messages import names
from idp.saml.messages.bindings import BadMessage
from idp.saml.messages.decryption import decrypt_assertion
from idp.saml.messages.elements import only_child
from idp.saml.messages.public_keys import PublicKey
from idp.saml.messages.signature_gate import SECURE, SIGNATURE, Algorithms, BadSignature
from idp.saml.messages.signatures import is_signed, verify_enveloped
from idp.saml.messages.xml import Element, parse, serialize

RESPONSE: Final = f"{{{names.SAMLP}}}Response"
ASSERTION: Final = f"{{{names.SAML}}}Assertion"
ENCRYPTED: Final = f"{{{names.SAML}}}EncryptedAssertion"


@dataclass(frozen=True, slots=True)
class Opened:
    """What may be read. `assertion`: None in a Response that says no, which may come unsigned."""

    response: Element
    assertion: Element | None
    is_signed: bool


def open_response(
    document: bytes, keys: Sequence[PublicKey], decryption_keys: Sequence[Any], allowed: Algorithms = SECURE
) -> Opened:
    """Errors: `BadXml`, `BadMessage`, `BadSignature`, `CannotDecrypt`."""
    root = parse(document)
    if root.tag != RESPONSE:
        raise BadMessage("it is no Response of SAML 2.0")
    is_signed_whole = any(node.tag == SIGNATURE for node in root)
    if is_signed_whole:
        root = verify_enveloped(root, keys, allowed=allowed, nested=True)
    inside = [*root.iter(ASSERTION, ENCRYPTED)]
    if not inside and top_status(root) != names.SUCCESS:
        if is_signed(root):
            raise BadSignature("a signature stands where none belongs")
        return Opened(root, None, is_signed_whole)
    # Wrapping needs a second one somewhere; Advice, Extensions and Object are no places for one.
    if len(inside) != 1 or inside[0].getparent() is not root:
        raise BadMessage(f"exactly one assertion is needed, as a child of the Response; there are {len(inside)}")
    if any(node.getparent() is not inside[0] for node in root.iter(SIGNATURE)):
        raise BadSignature("a signature stands where none belongs")
    assertion = _believed(inside[0], keys, decryption_keys, allowed, is_signed_whole)
    return Opened(root, assertion, is_signed_whole)


def _believed(
    found: Element, keys: Sequence[PublicKey], decryption_keys: Sequence[Any], allowed: Algorithms, vouched: bool
) -> Element:
    """The assertion in a document of its own. `vouched`: the Response around it is signed."""
    is_encrypted = found.tag == ENCRYPTED
    assertion = decrypt_assertion(found, decryption_keys) if is_encrypted else parse(serialize(found))
    if sum(1 for _ in assertion.iter(ASSERTION, ENCRYPTED)) != 1:
        raise BadMessage("an assertion stands inside the assertion")
    if is_signed(assertion):
        return verify_enveloped(assertion, keys, allowed=allowed)
    # Encryption proves nothing of who made it: our key is public (CVE-2026-2092).
    if not vouched:
        raise BadSignature("neither the Response nor its assertion is signed")
    return assertion


def top_status(root: Element) -> str:
    """The outer status code (Core §3.2.2.2). Errors: `BadMessage`."""
    return _codes(root)[0]


def nested_status(root: Element) -> str:
    """The inner one; '' where there is none. Errors: `BadMessage`."""
    return _codes(root)[1]


def _codes(root: Element) -> tuple[str, str]:
    status = only_child(root, names.SAMLP, "Status")
    outer = None if status is None else only_child(status, names.SAMLP, "StatusCode")
    if outer is None:
        raise BadMessage("the Response has no Status")
    inner = only_child(outer, names.SAMLP, "StatusCode")
    return outer.get("Value") or "", "" if inner is None else inner.get("Value") or ""
