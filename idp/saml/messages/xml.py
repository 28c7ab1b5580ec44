"""The only parser of XML from outside, and the only maker of XML of ours (elements, never strings)."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, Final, cast

from lxml import etree

from idp.saml.messages.fresh_thread import in_fresh_thread
from idp.saml.messages.names import PREFIXES, XML

Element = etree._Element

MAX_BYTES: Final = 128 * 1024
BYTES_PER_TAG: Final = 16  # at the least, on average, of the bytes allowed: bounds the time that a tree takes
MAX_DEPTH: Final = 64
MAX_ATTRIBUTES: Final = 64  # of one element
MAX_NAMESPACES: Final = 64  # in scope of one element

_DECLARATION = re.compile(
    rb"""<\?xml\s+version\s*=\s*(["'])1\.0\1(\s+encoding\s*=\s*(["'])(?i:utf-8)\3)?(\s+standalone\s*=\s*(["'])(yes|no)\5)?\s*\?>"""
)
# XML 1.0 §2.2: everything but tab, newline and carriage return below the space, surrogates, U+FFFE and U+FFFF.
_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
# libxml2 walks thousands of elements in the time that a loop of ours takes for a hundred. No names stand in these, so
# nothing of a document's stays with them: see `fresh_thread`.
_TOO_DEEP: Final = etree.XPath(f"boolean({'/*' * (MAX_DEPTH + 1)})")
_WITH_ATTRIBUTES: Final = etree.XPath("descendant-or-self::*[@*]")
_NAME: Final = re.compile(r"[A-Za-z_][\w.-]{0,63}")
NO_DTD: Final = "a DTD is not allowed"
NOT_UTF_8: Final = "not UTF-8"
_IDS: Final = frozenset({"ID", "Id", "id", f"{{{XML}}}id"})
_NSMAPS: Final[dict[str, dict[str, str]]] = {uri: {prefix: uri} for prefix, uri in PREFIXES.items()}


class BadXml(Exception):
    """The document is refused. `reason` is for the log and the application's developer."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def parse(data: bytes, *, max_bytes: int = MAX_BYTES, drop_comments: bool = False) -> Element:
    """The root of an XML document from outside: UTF-8, no DTD, comment or processing instruction, unique IDs.

    `drop_comments` (metadata files): comments, processing instructions and CDATA marks are left out, not refused.
    Errors: `BadXml`.
    """
    check_bytes(data, max_bytes=max_bytes, drop_comments=drop_comments)
    try:
        root = in_fresh_thread(lambda: etree.fromstring(data, _parser(drop_comments)))
    except etree.XMLSyntaxError as error:
        raise BadXml(f"not well-formed XML: {error.msg}"[:300]) from None
    except ValueError as error:
        raise BadXml("not XML") from error
    document = cast(Any, root.getroottree().docinfo)
    # The bytes were searched before; this holds even if libxml2 reads them in another way than we do.
    if document.doctype or document.internalDTD is not None or document.externalDTD is not None:
        raise BadXml(NO_DTD)
    if data.count(b"xmlns") > MAX_NAMESPACES:
        _check_namespaces(root)
    _check_tree(root)
    return root


def _parser(drop_comments: bool) -> etree.XMLParser:
    """Never shared: see `fresh_thread`."""
    return etree.XMLParser(
        encoding="utf-8", resolve_entities=False, no_network=True, huge_tree=False, load_dtd=False,
        dtd_validation=False, attribute_defaults=False, collect_ids=False, strip_cdata=True,
        remove_comments=drop_comments, remove_pis=drop_comments,
    )  # fmt: skip


def check_bytes(data: bytes, *, max_bytes: int = MAX_BYTES, drop_comments: bool = False) -> None:
    """What can be refused before a parser sees it. Errors: `BadXml`."""
    if len(data) > max_bytes:
        raise BadXml(f"more than {max_bytes} bytes")
    if data.count(b"<") > max_bytes // BYTES_PER_TAG:
        raise BadXml("too many elements")
    # UTF-16 and UTF-32 hide their markup between NULs; UTF-7 needs a declaration, which may only say UTF-8.
    if b"\0" in data:
        raise BadXml(NOT_UTF_8)
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        raise BadXml(NOT_UTF_8) from None
    rest = data.removeprefix(b"\xef\xbb\xbf")
    start = 0
    if rest.startswith(b"<?xml"):
        declaration = _DECLARATION.match(rest)
        if declaration is None:
            raise BadXml("the XML declaration must say version 1.0 and UTF-8")
        start = declaration.end()
    if b"<!DOCTYPE" in rest or b"<!ENTITY" in rest:
        raise BadXml(NO_DTD)
    # In well-formed XML "<!" only opens comments, CDATA and a DTD, "<?" only processing instructions.
    if not drop_comments and (rest.find(b"<!", start) >= 0 or rest.find(b"<?", start) >= 0):
        raise BadXml("comments, CDATA sections and processing instructions are not allowed")


def _check_tree(root: Element) -> None:
    """Depth and attributes within their caps, IDs unique, nothing but elements and text."""
    if next(root.iter(etree.Comment, etree.ProcessingInstruction, etree.Entity), None) is not None:
        raise BadXml("only elements and text are allowed")
    if _TOO_DEEP(root):
        raise BadXml(f"more than {MAX_DEPTH} elements deep")
    ids: set[str | bytes] = set()
    for node in cast(list[Element], _WITH_ATTRIBUTES(root)):
        _check_attributes(node, len(node.attrib), ids)


def _check_namespaces(root: Element) -> None:
    """Canonicalisation is quadratic in these."""
    scope = 0
    for event, _ in etree.iterwalk(root, events=("start-ns", "end-ns")):
        scope += 1 if event == "start-ns" else -1
        if scope > MAX_NAMESPACES:
            raise BadXml(f"more than {MAX_NAMESPACES} namespaces in scope")


def _check_attributes(node: Element, count: int, ids: set[str | bytes]) -> None:
    if count > MAX_ATTRIBUTES:
        raise BadXml(f"more than {MAX_ATTRIBUTES} attributes")
    for name, value in node.items():
        if name in _IDS:
            if value in ids:
                raise BadXml("an ID stands twice in the document")
            ids.add(value)


def qualified(ns: str, name: str) -> str:
    """`{ns}name`, as lxml writes it (for attributes such as xsi:type, and to compare with `.tag`)."""
    return f"{{{ns}}}{name}"


def element(
    ns: str,
    name: str,
    attributes: dict[str, str] | None = None,
    *content: Element | str,
    declare: Iterable[str] = (),
) -> Element:
    """A new element under its usual prefix, with text or children. Errors: `BadXml` (a character that XML forbids).

    `declare`: prefixes of `names.PREFIXES` to declare as well, "xs" for values such as xsi:type="xs:string".
    """
    nsmap = _NSMAPS.get(ns)
    if declare:
        nsmap = (nsmap or {}) | {prefix: PREFIXES[prefix] for prefix in declare}
    try:
        made = etree.Element(f"{{{ns}}}{name}", attributes, nsmap)
        for item in content:
            if isinstance(item, str):
                made.text = item
            else:
                made.append(item)
    except ValueError:
        raise BadXml(f"{name}: a character that XML cannot carry") from None
    return made


def child(
    parent: Element, ns: str, name: str, attributes: dict[str, str] | None = None, text: str | None = None
) -> Element:
    """A new last child of `parent`, cheaper than `element`. Errors: `BadXml` (a character that XML forbids)."""
    try:
        made = etree.SubElement(parent, f"{{{ns}}}{name}", attributes, _NSMAPS.get(ns))
        if text is not None:
            made.text = text
    except ValueError:
        raise BadXml(f"{name}: a character that XML cannot carry") from None
    return made


def text_of(node: Element) -> str:
    """The whole text of an element that must hold text only. Errors: `BadXml` where it has child elements."""
    if len(node):
        raise BadXml(f"{etree.QName(node).localname} must hold text only")
    return node.text or ""


def check_text(text: str) -> str:
    """`text`, if XML 1.0 can carry it. Errors: `BadXml` (control characters, lone surrogates, U+FFFE)."""
    if _FORBIDDEN.search(text):
        raise BadXml("a character that XML cannot carry")
    return text


def clean_text(text: str) -> str:
    """`text` without the characters that XML 1.0 cannot carry."""
    return _FORBIDDEN.sub("", text)


def c14n(node: Element, prefixes: Iterable[str] = (), *, exclusive: bool = True) -> bytes:
    """Canonical form without comments, exclusive unless told; `prefixes` is the InclusiveNamespaces PrefixList.

    Inclusive: Canonical XML 1.0 of an element with all namespaces that it stands in. Errors: `BadXml` where there is
    none (a relative namespace URI).
    """
    prefixes = [prefix for prefix in prefixes if _NAME.fullmatch(prefix)]
    for prefix in prefixes:
        _make_known(node, prefix)
    if not exclusive and node.getparent() is not None:
        # lxml would leave out the namespaces of what it stands in.
        node = parse(serialize(node))
    try:
        canonical: bytes = etree.tostring(
            node, method="c14n", exclusive=exclusive, with_comments=False, with_tail=False,
            inclusive_ns_prefixes=prefixes,
        )  # fmt: skip
    except etree.LxmlError:
        raise BadXml("there is no canonical form of this") from None
    return canonical


def _make_known(node: Element, prefix: str) -> None:
    """lxml skips a prefix that is not in the document's dictionary of names, and `nsmap` does not put it there.

    The first signature of every thread would not verify; a tag of that name is in the dictionary ever after.
    """
    node.remove(etree.SubElement(node, prefix))


def serialize(node: Element) -> bytes:
    """UTF-8 without an XML declaration, for the wire; a subtree carries the namespaces it stands in."""
    written: bytes = etree.tostring(node, encoding="utf-8", xml_declaration=False, with_tail=False)
    return written
