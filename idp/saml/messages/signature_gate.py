"""The gate: everything about an enveloped signature that can be checked without running it.

Every name in it is checked against a list first: nothing that it asks for is done that is not on the list.
"""

from __future__ import annotations

import binascii
import hashlib
import re
from base64 import b64decode
from dataclasses import dataclass
from typing import Final

from cryptography.hazmat.primitives import hashes
from lxml import etree

from idp.saml.messages import names
from idp.saml.messages.signing import DIGESTS, ECDSA, RSA, RSA_PSS
from idp.saml.messages.xml import BadXml, Element, text_of


class BadSignature(Exception):
    """The signature is missing, malformed, forbidden or wrong. `reason` is for the log and the developer."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Algorithms:
    """The algorithm URIs that are accepted from a sender."""

    signatures: frozenset[str]
    digests: frozenset[str]

    def without(self, blocked: frozenset[str]) -> Algorithms:
        """These, less an operator's block-list."""
        return Algorithms(self.signatures - blocked, self.digests - blocked)


RSA_METHODS: Final = RSA | {names.RSA_SHA1: hashes.SHA1()}  # noqa: S303  only with WITH_SHA1
ECDSA_METHODS: Final = ECDSA | {names.ECDSA_SHA1: hashes.SHA1()}  # noqa: S303  only with WITH_SHA1
DIGEST_METHODS: Final = DIGESTS | {names.SHA1: hashlib.sha1}

# Only for a service provider whose administrator asked for it: SHA-1 can be collided.
WITH_SHA1: Final = Algorithms(frozenset({*RSA_METHODS, *RSA_PSS, *ECDSA_METHODS}), frozenset(DIGEST_METHODS))
SECURE: Final = WITH_SHA1.without(frozenset({names.RSA_SHA1, names.ECDSA_SHA1, names.SHA1}))


SIGNATURE: Final = f"{{{names.DS}}}Signature"
_EXCLUSIVE: Final = frozenset({names.EXC_C14N, names.EXC_C14N_COMMENTS})
# What old .NET software signs with: docs/decisions/saml-signatures.md.
_INCLUSIVE: Final = frozenset({names.C14N, names.C14N_COMMENTS, names.C14N_11, names.C14N_11_COMMENTS})
_MAX_PREFIXES: Final = 32
_ID: Final = re.compile(r"[\w.:-]+")  # nothing that "#..." could mean otherwise, as in "#xpointer(/)"


@dataclass(frozen=True, slots=True)
class Canonical:
    """One canonicalisation: exclusive with its PrefixList, or inclusive."""

    exclusive: bool = True
    prefixes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Reference:
    """What a checked Signature says. `signed_info`, `form`: how that and the document are canonicalised.

    `signature`: the octets of SignatureValue; `value`: those of DigestValue.
    """

    algorithm: str
    signature: bytes
    signed_info: Canonical
    digest: str
    value: bytes
    form: Canonical


def one_signature(root: Element, nested: bool) -> Element:
    """The root's own signature, which is the only one; `nested`: others may stand deeper. Errors: `BadSignature`."""
    direct = [node for node in root if node.tag == SIGNATURE]
    if len(direct) != 1:
        raise BadSignature("exactly one signature is needed, as a child of the root element")
    if not nested and sum(1 for _ in root.iter(SIGNATURE)) != 1:
        raise BadSignature("a second signature stands inside the document")
    return direct[0]


def check_signature(signature: Element, root: Element, allowed: Algorithms) -> Reference:
    """What a signature of the one accepted shape says. Errors: `BadSignature`."""
    _check_attributes(signature, optional=("Id",))
    parts = children(signature)
    if [p.tag for p in parts[:2]] != [ds("SignedInfo"), ds("SignatureValue")] or (
        [p.tag for p in parts[2:]] not in ([], [ds("KeyInfo")])
    ):
        raise BadSignature("Signature must hold SignedInfo, SignatureValue and at most one KeyInfo")
    signed_info, value = parts[:2]
    _check_attributes(value, optional=("Id",))
    _check_attributes(signed_info, optional=("Id",))
    method, algorithm, reference = _exactly(signed_info, "CanonicalizationMethod", "SignatureMethod", "Reference")
    _check_attributes(method, required=("Algorithm",))
    _check_attributes(algorithm, required=("Algorithm",))
    canonical = _check_canonical(method)
    _exactly(algorithm)
    check_allowed("signature", str(algorithm.get("Algorithm")), allowed.signatures)
    # Core §5.4.2: the reference names the root by its ID; anything else would sign another element than we read.
    _check_attributes(reference, required=("URI",))
    if not _ID.fullmatch(root.get("ID") or "") or reference.get("URI") != f"#{root.get('ID')}":
        raise BadSignature("the signature's Reference is not the root element's ID")
    digest, digest_value, form = _check_reference(reference, allowed)
    return Reference(str(algorithm.get("Algorithm")), _octets(value), canonical, digest, digest_value, form)


def _check_reference(reference: Element, allowed: Algorithms) -> tuple[str, bytes, Canonical]:
    transforms, method, value = _exactly(reference, "Transforms", "DigestMethod", "DigestValue")
    _check_attributes(transforms)
    form = _check_transforms(transforms)
    _check_attributes(method, required=("Algorithm",))
    _exactly(method)
    digest = str(method.get("Algorithm"))
    check_allowed("digest", digest, allowed.digests)
    _check_attributes(value)
    return digest, _octets(value), form


def _check_transforms(transforms: Element) -> Canonical:
    # Core §5.4.4: these, in this order, and no XSLT, XPath or base64.
    listed = children(transforms)
    if [node.tag for node in listed] not in ([ds("Transform")], [ds("Transform")] * 2):
        raise BadSignature("Transforms must hold enveloped-signature, and a canonicalisation behind it")
    for node in listed:
        _check_attributes(node, required=("Algorithm",))
    if listed[0].get("Algorithm") != names.ENVELOPED:
        raise BadSignature("the first transform must be enveloped-signature")
    _exactly(listed[0])
    # XMLDSig §4.4.3.2: without a canonicalisation among the transforms it is Canonical XML 1.0, the inclusive one.
    return _check_canonical(listed[1]) if len(listed) == 2 else Canonical(exclusive=False)


def _check_canonical(method: Element) -> Canonical:
    """Canonicalisation, exclusive with the PrefixList if it has one, or inclusive. Documents have no comments."""
    if method.get("Algorithm") in _INCLUSIVE:
        _exactly(method)
        return Canonical(exclusive=False)
    if method.get("Algorithm") not in _EXCLUSIVE:
        raise BadSignature(f"the transform {str(method.get('Algorithm'))[:100]} is not a canonicalisation that we know")
    parts = children(method)
    if not parts:
        return Canonical()
    if [part.tag for part in parts] != [f"{{{names.EC}}}InclusiveNamespaces"]:
        raise BadSignature("only InclusiveNamespaces may stand in a canonicalisation method")
    _check_attributes(parts[0], required=("PrefixList",))
    _exactly(parts[0])
    prefixes = str(parts[0].get("PrefixList")).split()
    if len(prefixes) > _MAX_PREFIXES:
        raise BadSignature(f"more than {_MAX_PREFIXES} prefixes in InclusiveNamespaces")
    return Canonical(prefixes=tuple(prefixes))


def ds(name: str) -> str:
    """A tag of XML Signature."""
    return f"{{{names.DS}}}{name}"


def children(node: Element) -> list[Element]:
    """Child elements of an element that holds nothing else but white space."""
    if (node.text or "").strip() or any((part.tail or "").strip() for part in node):
        raise BadSignature("text where the signature must have none")
    return list(node)


def _exactly(node: Element, *wanted: str) -> list[Element]:
    found = children(node)
    if [part.tag for part in found] != [ds(name) for name in wanted]:
        listed = ", ".join(wanted) or "nothing"
        raise BadSignature(f"{etree.QName(node).localname} must hold exactly: {listed}")
    return found


def _check_attributes(node: Element, required: tuple[str, ...] = (), optional: tuple[str, ...] = ()) -> None:
    there = set(node.keys())
    if not set(required) <= there <= {*required, *optional}:
        raise BadSignature(f"{etree.QName(node).localname} has attributes that it must not have, or lacks one")


def _octets(node: Element) -> bytes:
    try:
        decoded = b64decode("".join(text_of(node).split()).encode("ascii"), validate=True)
    except (BadXml, ValueError, binascii.Error):
        decoded = b""
    if not decoded:
        raise BadSignature(f"{etree.QName(node).localname} is not base64")
    return decoded


def check_allowed(what: str, algorithm: str, allowed: frozenset[str]) -> None:
    """Errors: `BadSignature` where an algorithm is not on the list."""
    if algorithm not in allowed:
        raise BadSignature(f"the {what} algorithm {algorithm[:100]} is not accepted")


def remove(node: Element) -> None:
    """Take an element out of its tree, and leave the text behind it there."""
    parent, tail = node.getparent(), node.tail
    assert parent is not None
    if tail:
        before = node.getprevious()
        if before is None:
            parent.text = (parent.text or "") + tail
        else:
            before.tail = (before.tail or "") + tail
    parent.remove(node)
