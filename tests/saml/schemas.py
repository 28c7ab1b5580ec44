"""The XSDs that python3-saml brings, compiled once, and Debian's xmlsec1: judges of what we issue."""

from __future__ import annotations

import functools
import subprocess
from pathlib import Path

import onelogin.saml2
from lxml import etree

from tests.saml.pairs import Pair

_FOLDER = Path(onelogin.saml2.__file__).parent / "schemas"


@functools.cache
def schema(name: str) -> etree.XMLSchema:
    """`protocol` or `metadata`."""
    return etree.XMLSchema(etree.parse(str(_FOLDER / f"saml-schema-{name}-2.0.xsd")))


def check(name: str, data: bytes) -> None:
    """Errors: `AssertionError` with what the schema says."""
    found = schema(name)
    assert found.validate(etree.fromstring(data)), found.error_log


def xmlsec1(folder: Path, data: bytes, element: str, certificate: Pair | bytes) -> bool:
    """Whether `xmlsec1 --verify` accepts the first signature of the document, which is `element`'s (`ns:name`)."""
    der = certificate if isinstance(certificate, bytes) else certificate.certificate
    file, key = folder / "message.xml", folder / "certificate.der"
    file.write_bytes(data)
    key.write_bytes(der)
    command = ["xmlsec1", "--verify", "--id-attr:ID", element, "--pubkey-cert-der", str(key), str(file)]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0
