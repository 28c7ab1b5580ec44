"""Signature wrapping: given one signed document, every way known to us of showing another one under its signature.

`variants(signed, attacker)` yields (name, document). In each, a reader that takes the root or the first element of
its kind reads what the attacker wrote, while some verifier still finds the sender's signature intact.
"""

from __future__ import annotations

import copy
from base64 import b64encode
from collections.abc import Callable, Iterator
from hashlib import sha256
from typing import Any

from lxml import etree

from idp.saml.messages import names, signing
from tests.saml.pairs import Pair

DS = f"{{{names.DS}}}"
EVIL_ID = "_evil"


class Parts:
    """A signed document taken apart: every access is a fresh copy."""

    def __init__(self, signed: bytes) -> None:
        self._signed = signed
        self.id: str = self.original().get("ID")

    def original(self) -> Any:
        """The signed document as it was."""
        return etree.fromstring(self._signed)

    def signature(self) -> Any:
        """The Signature alone."""
        return copy.deepcopy(self.original().find(f"{DS}Signature"))

    def bare(self) -> Any:
        """The document without its signature: exactly what was digested."""
        root = self.original()
        root.remove(root.find(f"{DS}Signature"))
        return root

    def evil(self, identifier: str | None = None) -> Any:
        """What the attacker wants to be read: no signature, another issuer or entityID."""
        root = self.bare()
        root.set("ID", identifier or EVIL_ID)
        if root.get("entityID"):
            root.set("entityID", "https://evil.example.com")
        else:
            root[0].text = "https://evil.example.com"
        return root

    def wrapper(self) -> Any:
        """An unsigned element of the same kind with nothing in it."""
        root = self.evil("_wrapper")
        del root[:]
        return root


def extensions(*content: Any) -> Any:
    made = etree.Element(f"{{{names.SAMLP}}}Extensions")
    made.extend(content)
    return made


def with_object(signature: Any, content: Any) -> Any:
    etree.SubElement(signature, f"{DS}Object").append(content)
    return signature


def at(root: Any, index: int, node: Any) -> Any:
    root.insert(index, node)
    return root


def referring(signature: Any, uri: str | None) -> Any:
    reference = signature.find(f"{DS}SignedInfo/{DS}Reference")
    reference.attrib.pop("URI")
    if uri is not None:
        reference.set("URI", uri)
    return signature


def resigned(root: Any, pair: Pair) -> Any:
    signing.sign(root, pair.signer())
    return root


def digest_of(root: Any) -> str:
    canonical = etree.tostring(root, method="c14n", exclusive=True)
    return b64encode(sha256(canonical).digest()).decode()


# -- sixteen variants of a message -----------------------------------------------------------------------------------


def original_in_object(p: Parts, a: Pair) -> Any:
    return at(p.evil(), 1, with_object(p.signature(), p.bare()))


def original_in_object_same_id(p: Parts, a: Pair) -> Any:
    return at(p.evil(p.id), 1, with_object(p.signature(), p.bare()))


def original_in_extensions(p: Parts, a: Pair) -> Any:
    root = at(p.evil(), 1, p.signature())
    root.append(extensions(p.bare()))
    return root


def original_in_extensions_same_id(p: Parts, a: Pair) -> Any:
    root = at(p.evil(p.id), 1, p.signature())
    root.append(extensions(p.bare()))
    return root


def original_first_same_id(p: Parts, a: Pair) -> Any:
    return at(at(p.evil(p.id), 0, p.bare()), 0, p.signature())


def signed_original_inside(p: Parts, a: Pair) -> Any:
    """The root has no signature; a whole signed message stands in its Extensions."""
    return at(p.evil(), 1, extensions(p.original()))


def signed_original_inside_same_id(p: Parts, a: Pair) -> Any:
    return at(p.evil(p.id), 1, extensions(p.original()))


def signature_deeper_down(p: Parts, a: Pair) -> Any:
    """The document itself is the sender's, but for a value; its signature was moved into Extensions."""
    return at(p.evil(p.id), 1, extensions(p.signature(), p.bare()))


def empty_reference(p: Parts, a: Pair) -> Any:
    return at(p.evil(p.id), 1, referring(p.signature(), ""))


def no_reference(p: Parts, a: Pair) -> Any:
    return at(p.evil(p.id), 1, referring(p.signature(), None))


def xpointer_reference(p: Parts, a: Pair) -> Any:
    return at(p.evil(p.id), 1, with_object(referring(p.signature(), f"#xpointer(id('{p.id}'))"), p.bare()))


def two_references(p: Parts, a: Pair) -> Any:
    """The sender's Reference, and one of the attacker's to the root."""
    root, signature = p.evil(), p.signature()
    mine = copy.deepcopy(signature.find(f"{DS}SignedInfo/{DS}Reference"))
    mine.set("URI", f"#{EVIL_ID}")
    mine.find(f"{DS}DigestValue").text = digest_of(root)
    signature.find(f"{DS}SignedInfo").append(mine)
    return at(root, 1, with_object(signature, p.bare()))


def two_signed_infos(p: Parts, a: Pair) -> Any:
    """CVE-2025-29774: one SignedInfo for the signature value, another for the digest."""
    root, signature = p.evil(p.id), p.signature()
    mine = copy.deepcopy(signature[0])
    mine.find(f"{DS}Reference/{DS}DigestValue").text = digest_of(root)
    signature.insert(1, mine)
    return at(root, 1, signature)


def comment_in_digest_value(p: Parts, a: Pair) -> Any:
    """CVE-2025-29775: canonicalisation drops a comment, a careless reader of DigestValue does not."""
    root, signature = p.evil(p.id), p.signature()
    value = signature.find(f"{DS}SignedInfo/{DS}Reference/{DS}DigestValue")
    comment = etree.Comment(digest_of(root))
    comment.tail, value.text = value.text, ""
    value.append(comment)
    return at(root, 1, signature)


def two_digest_values(p: Parts, a: Pair) -> Any:
    """CVE-2024-45409: a DigestValue of the attacker's, where a search by `//` finds it first."""
    root = p.evil(p.id)
    mine = etree.Element(f"{DS}DigestValue")
    mine.text = digest_of(root)
    return at(at(root, 0, extensions(mine)), 2, p.signature())


def second_signature(p: Parts, a: Pair) -> Any:
    """The attacker's own valid signature, with his certificate, beside the sender's (threat 9)."""
    root = resigned(p.evil(), a)
    root.append(with_object(p.signature(), p.bare()))
    return root


# -- XSW3 to XSW8, named as in the literature: signed and forged element side by side or inside each other -----------


def xsw3(p: Parts, a: Pair) -> Any:
    root = p.wrapper()
    root.extend([p.evil(), p.original()])
    return root


def xsw4(p: Parts, a: Pair) -> Any:
    root, evil = p.wrapper(), p.evil()
    evil.append(p.original())
    root.append(evil)
    return root


def xsw5(p: Parts, a: Pair) -> Any:
    root = p.wrapper()
    root.extend([at(p.evil(), 1, p.signature()), p.bare()])
    return root


def xsw6(p: Parts, a: Pair) -> Any:
    root, signature = p.wrapper(), p.signature()
    signature.append(p.bare())
    root.append(at(p.evil(), 1, signature))
    return root


def xsw7(p: Parts, a: Pair) -> Any:
    root = p.wrapper()
    root.extend([extensions(p.evil(p.id)), p.original()])
    return root


def xsw8(p: Parts, a: Pair) -> Any:
    root = p.wrapper()
    root.append(at(p.evil(p.id), 1, with_object(p.signature(), p.bare())))
    return root


# -- and a few that are no wrapping, but end the same way ------------------------------------------------------------


def attackers_key_info(p: Parts, a: Pair) -> Any:
    """Signed in order, by the attacker, with his certificate in KeyInfo (threat 9)."""
    return resigned(p.evil(), a)


def other_id_attributes(p: Parts, a: Pair) -> Any:
    """The signed element bears the root's ID as xml:id, which libxml2 knows without being told."""
    inner = p.bare()
    inner.set(f"{{{names.XML}}}id", p.id)
    return at(p.evil(p.id), 1, with_object(p.signature(), inner))


def manifest(p: Parts, a: Pair) -> Any:
    """A Reference inside a Manifest is checked by nobody."""
    root, signature = p.evil(p.id), p.signature()
    reference = copy.deepcopy(signature.find(f"{DS}SignedInfo/{DS}Reference"))
    inside = etree.Element(f"{DS}Manifest")
    inside.append(reference)
    return at(root, 1, with_object(signature, inside))


def changed_content(p: Parts, a: Pair) -> Any:
    return at(p.evil(p.id), 1, p.signature())


MESSAGE_VARIANTS: tuple[Callable[[Parts, Pair], Any], ...] = (
    original_in_object,
    original_in_object_same_id,
    original_in_extensions,
    original_in_extensions_same_id,
    original_first_same_id,
    signed_original_inside,
    signed_original_inside_same_id,
    signature_deeper_down,
    empty_reference,
    no_reference,
    xpointer_reference,
    two_references,
    two_signed_infos,
    comment_in_digest_value,
    two_digest_values,
    second_signature,
)
WRAPPINGS: tuple[Callable[[Parts, Pair], Any], ...] = (xsw3, xsw4, xsw5, xsw6, xsw7, xsw8)
OTHERS: tuple[Callable[[Parts, Pair], Any], ...] = (attackers_key_info, other_id_attributes, manifest, changed_content)
ALL = (*MESSAGE_VARIANTS, *WRAPPINGS, *OTHERS)


def variants(signed: bytes, attacker: Pair) -> Iterator[tuple[str, bytes]]:
    """Every variant of one signed document, serialised."""
    for make in ALL:
        yield make.__name__, etree.tostring(make(Parts(signed), attacker))
