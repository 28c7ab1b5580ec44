"""Single logout (Prof §4.4) with a provider, in both directions, by HTTP-Redirect and HTTP-POST; all of it signed."""

from __future__ import annotations

import json
import secrets
from dataclasses import replace
from typing import Any, Final
from urllib.parse import urlencode

from idp.federation import crowding, ending, failures, keeping, signing_out
from idp.federation.ports import Leaving, SessionThere
from idp.federation.provider import FEDERATION, Provider
from idp.federation.saml import checking, metadata, ours, refusals
from idp.federation.saml.believing import keys_of
from idp.federation.saml.entity import Entity
from idp.federation.saml.federations import accounts, members
from idp.ids import digest
from idp.protocols import Services
from idp.saml.messages import http_post, http_redirect, names
from idp.saml.messages.bindings import BadMessage, Received
from idp.saml.messages.elements import only_child
from idp.saml.messages.locations import is_same_place
from idp.saml.messages.logout_request import LogoutRequest, read_logout_request
from idp.saml.messages.request_header import read_issuer
from idp.saml.messages.schema_types import instant
from idp.saml.messages.signature_gate import SECURE, BadSignature
from idp.saml.messages.signatures import open_message
from idp.saml.messages.signing import sign
from idp.saml.messages.xml import BadXml, Element, child, clean_text, element, parse
from idp.wire import Redirect, Request, Response

LIFETIME: Final = 300.0  # seconds that a LogoutRequest of ours holds, and one of theirs is young
ANSWERED_WITHIN: Final = 900.0  # seconds


def go_on(services: Services, leaving: Leaving) -> Response | None:
    """The browser asks the provider to end the session there; None where it has no address for that."""
    entity = metadata.of(services, leaving.provider)
    binding = next((one for one in (names.HTTP_REDIRECT, names.HTTP_POST) if one in entity.slo), None)
    if binding is None or not leaving.there.token:
        return None
    location = entity.slo[binding]
    message = _message(services, leaving.provider, "LogoutRequest", location)
    message.set("NotOnOrAfter", instant(services.clock() + LIFETIME))
    message.set("Reason", names.LOGOUT_USER)
    said: dict[str, Any] = json.loads(leaving.there.token)
    attributes = {"Format": "format", "NameQualifier": "name_qualifier", "SPNameQualifier": "sp_name_qualifier"}
    about = {name: said[key] for name, key in attributes.items() if said[key]}
    child(message, names.SAML, "NameID", about, clean_text(said["name_id"]))
    if said["session_index"]:
        child(message, names.SAMLP, "SessionIndex", None, clean_text(said["session_index"]))
    services.state.put(_asked(leaving.provider, str(message.get("ID"))), leaving.state, ANSWERED_WITHIN)
    key = ours.signer(services, leaving.provider)
    if binding == names.HTTP_REDIRECT:
        return http_redirect.encode_redirect(location, "SAMLRequest", message, leaving.state, key)
    sign(message, key)
    page = http_post.encode_post(location, "SAMLRequest", message, leaving.state)
    return replace(page, app_name=leaving.provider.name)


def receive(services: Services, request: Request) -> Response:
    """GET and POST /upstream/slo/…: its LogoutRequest, or its answer to ours. Errors: `Refused`."""
    kept = keeping.find(services.db, request.segment)
    if kept is None or not kept.provider.speaks_saml:
        raise failures.off(request.segment[:40])
    provider = kept.provider
    try:
        if request.method == "POST":
            received = http_post.decode_post(request.form)
        else:
            received = http_redirect.decode_redirect(request.environ.get("QUERY_STRING") or "")
        with crowding.turn(services, provider):
            provider = _speaking(services, provider, received)
            entity, root = _opened(services, provider, received)
        _check(services, provider, root)
        if received.parameter == "SAMLResponse":
            return _back(services, provider, root)
        wanted = read_logout_request(root, services.certificates.private_keys())
        _check_age(services, provider, wanted)
    except (BadMessage, BadXml) as error:
        raise refusals.logout(provider, "SAMLRequest", "a message of SAML's single logout", error.reason) from None
    except BadSignature as error:
        raise refusals.logout(provider, "Signature", "by a key of the provider's metadata", error.reason) from None
    _end(services, request, provider, wanted)
    return _answered(services, provider, entity, received, wanted.header.id)


def _speaking(services: Services, provider: Provider, received: Received) -> Provider:
    """Of a federation the organisation that it says it is from; its signature is looked at then. Errors: `Refused`."""
    if provider.kind != FEDERATION:
        return provider
    entity_id = read_issuer(parse(received.message))
    one = members.find(services, provider, entity_id)
    if one is None:
        raise refusals.logout(provider, "Issuer", "an organisation that people may come from", entity_id)
    return members.speaking(provider, one)


def _opened(services: Services, provider: Provider, received: Received) -> tuple[Entity, Element]:
    """The signed message. Its keys are read again once where none of them fits. Errors: as `open_message`."""
    allowed = SECURE.without(frozenset(services.settings.saml.blocked_algorithms))
    entity = metadata.of(services, provider)
    try:
        opened = open_message(received, keys_of(entity), allowed=allowed)
    except BadSignature:
        renewed = metadata.of(services, provider, renewed=True)
        if renewed.certificates == entity.certificates:
            raise
        entity, opened = renewed, open_message(received, keys_of(renewed), allowed=allowed)
    # SDP-SP26: whoever could send one unsigned would sign everybody out.
    if not opened.signed:
        raise BadSignature("a logout message must be signed, and this one is not")
    return entity, opened.root


def _check(services: Services, provider: Provider, root: Element) -> None:
    """What holds for both messages. Errors: `Refused`, `BadMessage`."""
    if root.get("Version") != "2.0":
        raise BadMessage("its Version is not 2.0")
    found = read_issuer(root)
    if found != provider.issuer:
        raise failures.issuer(provider, provider.issuer, found, "Issuer")
    # Bind §3.4.5.2, §3.5.5.2: what is signed names where it was sent.
    here, destination = ours.slo(services, provider.id), root.get("Destination") or ""
    if not is_same_place(destination, here):
        raise refusals.logout(provider, "Destination", here, destination or "(nothing)")


def _check_age(services: Services, provider: Provider, wanted: LogoutRequest) -> None:
    """Of now, and not answered before by any process. Errors: `Refused`."""
    now, at, until = services.clock(), wanted.header.issue_instant, wanted.not_on_or_after
    is_old = at < now - LIFETIME - checking.LEEWAY or (until is not None and until <= now - checking.LEEWAY)
    if is_old or at > now + checking.LEEWAY:
        raise failures.clock(provider, f"IssueInstant {instant(at)} of the LogoutRequest")
    key = "upstream:logout:" + digest(f"{provider.id}\n{wanted.header.id}")
    if not services.state.add(key, 1, LIFETIME + 2 * checking.LEEWAY):
        raise refusals.logout(provider, "ID", "an ID that was not used before", wanted.header.id)


def _end(services: Services, request: Request, provider: Provider, wanted: LogoutRequest) -> None:
    """What began by those sessions ends here, and in every application (I9)."""
    # Core §3.7.1: without a SessionIndex, every session of the principal.
    for index in wanted.session_indexes or {""}:
        there = SessionThere(wanted.name_id.value, index, wanted.header.issue_instant)
        if provider.kind == FEDERATION:  # of its own people alone
            there = accounts.session_of(provider.issuer, there)
        ending.over(services, request, provider, there)


def _answered(services: Services, provider: Provider, entity: Entity, received: Received, request_id: str) -> Response:
    """Core §3.7.2: the provider goes on with the others that it signs the person out of."""
    binding = received.binding if received.binding in entity.slo else next(iter(entity.slo), "")
    location = entity.slo_answers.get(binding) or entity.slo.get(binding)
    if location is None:
        return Redirect(location=services.url("/"))
    message = _message(services, provider, "LogoutResponse", location)
    message.set("InResponseTo", request_id)
    child(child(message, names.SAMLP, "Status"), names.SAMLP, "StatusCode", {"Value": names.SUCCESS})
    key = ours.signer(services, provider)
    if binding == names.HTTP_REDIRECT:
        return http_redirect.encode_redirect(location, "SAMLResponse", message, received.relay_state, key)
    sign(message, key)
    return http_post.encode_post(location, "SAMLResponse", message, received.relay_state, app_name=provider.name)


def _back(services: Services, provider: Provider, root: Element) -> Response:
    """The answer to ours: the sign-out goes on from where it left. What ended here has ended, whatever it says."""
    if root.tag != f"{{{names.SAMLP}}}LogoutResponse":
        raise BadMessage("expected a LogoutResponse")
    state = services.state.take(_asked(provider, root.get("InResponseTo") or ""))
    if not isinstance(state, str):
        raise refusals.logout(provider, "InResponseTo", "the ID of a LogoutRequest of ours", "another one, or none")
    status = only_child(root, names.SAMLP, "Status")
    code = None if status is None else only_child(status, names.SAMLP, "StatusCode")
    if code is None or code.get("Value") != names.SUCCESS or len(code):
        services.log.warning("upstream_not_signed_out", provider=provider.id, kind="status", reason=_said(code))
    return Redirect(location=services.url(signing_out.BACK) + "?" + urlencode({"state": state}))


def _said(code: Element | None) -> str:
    return "" if code is None else " ".join(str(node.get("Value")) for node in code.iter())[:200]


def _message(services: Services, provider: Provider, name: str, location: str) -> Element:
    about = {
        "ID": "_" + secrets.token_hex(16), "Version": "2.0", "IssueInstant": instant(services.clock()),
        "Destination": location,
    }  # fmt: skip
    made = element(names.SAMLP, name, about)
    child(made, names.SAML, "Issuer", None, ours.entity_id(services, provider))
    return made


def _asked(provider: Provider, request_id: str) -> str:
    return "upstream:slo:" + digest(f"{provider.id}\n{request_id}")
