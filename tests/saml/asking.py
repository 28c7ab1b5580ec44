"""AuthnRequests made by hand: every attribute and child as the test says, by either binding, signed or not."""

from __future__ import annotations

import itertools
from base64 import b64encode
from typing import Any
from urllib.parse import urlencode

from idp.saml.messages import names
from idp.saml.messages.http_redirect import deflate
from idp.saml.messages.schema_types import instant
from idp.saml.messages.signing import sign, sign_redirect
from idp.saml.messages.xml import Element, child, element, serialize
from tests.provider import Answer, Browser, Provider
from tests.saml.pairs import Pair
from tests.saml.relying import SP

_numbers = itertools.count()
SSO = "/saml/sso"


def authn_request(provider: Provider, *children: Element, issuer: str | None = SP, **attributes: str | None) -> Element:
    """A fresh request; an attribute of None is left out."""
    about: dict[str, str | None] = {
        "ID": f"_request{next(_numbers)}", "Version": "2.0", "IssueInstant": instant(provider.clock()),
        "Destination": provider.services.url(SSO), **attributes,
    }  # fmt: skip
    made = element(names.SAMLP, "AuthnRequest", {name: value for name, value in about.items() if value is not None})
    if issuer is not None:
        child(made, names.SAML, "Issuer", None, issuer)
    made.extend(children)
    return made


def policy(format_uri: str | None = None, **attributes: str) -> Element:
    about = {"Format": format_uri, **attributes}
    return element(names.SAMLP, "NameIDPolicy", {k: v for k, v in about.items() if v is not None})


def requested_context(*classes: str, comparison: str | None = None) -> Element:
    made = element(names.SAMLP, "RequestedAuthnContext", {"Comparison": comparison} if comparison else None)
    for ref in classes:
        child(made, names.SAML, "AuthnContextClassRef", None, ref)
    return made


def subject(value: str, format_uri: str | None = None, **attributes: str) -> Element:
    about = {"Format": format_uri, **attributes}
    name_id = element(names.SAML, "NameID", {k: v for k, v in about.items() if v is not None}, value)
    return element(names.SAML, "Subject", None, name_id)


def encoded(request: Element) -> str:
    return b64encode(serialize(request)).decode()


def redirect_query(
    request: Element | bytes, relay_state: str | None = "rs", pair: Pair | None = None, algorithm: str | None = None
) -> str:
    """The query of an HTTP-Redirect request."""
    data = request if isinstance(request, bytes) else serialize(request)
    pairs = [("SAMLRequest", b64encode(deflate(data)).decode())]
    if relay_state is not None:
        pairs.append(("RelayState", relay_state))
    return urlencode(pairs) if pair is None else sign_redirect(pairs, pair.signer(algorithm))


def by_redirect(browser: Browser, request: Element | bytes, relay_state: str | None = "rs", **how: Any) -> Answer:
    return browser.get(f"{SSO}?{redirect_query(request, relay_state, **how)}")


def by_post(
    browser: Browser, request: Element | bytes, relay_state: str | None = "rs", *, pair: Pair | None = None,
    cross_site: bool = True,
) -> Answer:  # fmt: skip
    """As the application's form sends it: across sites, without our Lax cookies."""
    if pair is not None and not isinstance(request, bytes):
        sign(request, pair.signer())
    data = request if isinstance(request, bytes) else serialize(request)
    form = {"SAMLRequest": b64encode(data).decode()}
    if relay_state is not None:
        form["RelayState"] = relay_state
    return browser.post(SSO, form, cookies=not cross_site)
