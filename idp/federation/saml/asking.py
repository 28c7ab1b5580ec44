"""The AuthnRequest (Core §3.4.1): always signed, by HTTP-Redirect or HTTP-POST."""

from __future__ import annotations

from dataclasses import replace

from idp.federation.ports import Question
from idp.federation.saml import ours, refusals
from idp.federation.saml.entity import Entity
from idp.protocols import Services
from idp.saml.messages import http_post, http_redirect, names
from idp.saml.messages.schema_types import instant
from idp.saml.messages.signing import sign
from idp.saml.messages.xml import Element, child, element
from idp.wire import Response

_BINDINGS = {"redirect": names.HTTP_REDIRECT, "post": names.HTTP_POST}


def request_id(question: Question) -> str:
    """The ID of a request: 256 random bits that only this attempt knows; InResponseTo must repeat it."""
    return "_" + question.secrets.nonce


def send(services: Services, question: Question, entity: Entity) -> Response:
    """The browser is sent to the provider. Errors: `Refused` where it has no address of the binding that was said."""
    provider = question.provider
    wanted = _BINDINGS.get(provider.request_binding)
    binding = wanted or next(one for one in (names.HTTP_REDIRECT, names.HTTP_POST) if one in entity.sso)
    location = entity.sso.get(binding)
    if location is None:
        raise refusals.metadata(provider, f"it has no SingleSignOnService by {provider.request_binding}")
    message = made(services, question, location)
    key, state = ours.signer(services, provider), question.secrets.state
    if binding == names.HTTP_REDIRECT:
        return http_redirect.encode_redirect(location, "SAMLRequest", message, state, key)
    sign(message, key)
    page = http_post.encode_post(location, "SAMLRequest", message, state)
    return replace(page, app_name=provider.name)


def made(services: Services, question: Question, location: str) -> Element:
    """The message, not signed yet."""
    provider, wish = question.provider, question.wish
    about = {
        "ID": request_id(question), "Version": "2.0", "IssueInstant": instant(services.clock()),
        "Destination": location, "ProtocolBinding": names.HTTP_POST,
        "AssertionConsumerServiceURL": ours.acs(services, provider.id),
    }  # fmt: skip
    # SAML has no max_age: whoever must not have proven it long ago proves it anew (S57).
    if wish.asks_when and provider.prompts_login:
        about["ForceAuthn"] = "true"
    root = element(names.SAMLP, "AuthnRequest", about)
    child(root, names.SAML, "Issuer", None, ours.entity_id(services, provider))
    policy = {"Format": provider.name_id_format} if provider.name_id_format else {}
    child(root, names.SAMLP, "NameIDPolicy", {**policy, "AllowCreate": "true"})
    if wish.strong and provider.step_up:
        asked = child(root, names.SAMLP, "RequestedAuthnContext", {"Comparison": "exact"})
        child(asked, names.SAML, "AuthnContextClassRef", None, provider.step_up)
    return root
