"""The SAML message of a request, as far as it can be read: once more, since the endpoint keeps it to itself."""

from __future__ import annotations

from idp.saml.messages import http_post, http_redirect, names
from idp.saml.messages.authn_request import AuthnRequest, read_authn_request
from idp.saml.messages.bindings import BadMessage, Received
from idp.saml.messages.request_header import read_issuer
from idp.saml.messages.xml import BadXml, parse
from idp.wire import BadRequest, Request


def read(request: Request, most: int | None = None) -> tuple[Received | None, AuthnRequest | None, str]:
    """What came, what it asks for where it is an AuthnRequest, and the Issuer that it bears. Nothing is believed.

    `most`: bytes of a document that is read; a longer one is nothing.
    """
    received, asked, issuer = None, None, ""
    try:
        if request.method == "POST":
            received = http_post.decode_post(request.form)
        else:
            received = http_redirect.decode_redirect(request.environ.get("QUERY_STRING") or "")
        if most is not None and len(received.message) > most:
            return None, None, ""
        root = parse(received.message)
        issuer = read_issuer(root)
        if root.tag == f"{{{names.SAMLP}}}AuthnRequest":
            asked = read_authn_request(root)
    except (BadMessage, BadXml, BadRequest):
        pass  # the finding has the endpoint's own words for it
    return received, asked, issuer
