"""HTTP-Artifact (Bind §3.6) and its resolution (Core §3.5): the browser carries a reference, the Response waits here.

A Response is handed out once, to the service provider it was made for, which must sign its request.
"""

from __future__ import annotations

import secrets
from typing import Final

from clients.client import Client
from clients.service_provider import ServiceProvider
from idp import catalogue
from idp.errors import Explanation, Refused, SamlError
from idp.login.browser import sessions
from idp.protocols import Services
from idp.readers import Readers
from idp.saml import header_checks, provider_keys
from idp.saml.evidence import evidence
from idp.saml.faults import fault, not_soap
from idp.saml.messages import artifacts, names, request_header, soap
from idp.saml.messages.bindings import BadMessage, Received
from idp.saml.messages.schema_types import instant
from idp.saml.messages.signature_gate import BadSignature
from idp.saml.messages.signing import sign
from idp.saml.messages.xml import BadXml, Element, child, clean_text, element, parse, serialize, text_of
from idp.saml.protocol import ARTIFACT_INDEX, ARTIFACT_PATH
from idp.saml.sign_on.pending_authn_request import PendingAuthnRequest
from idp.saml.signed_message import open_signed
from idp.traffic import ARTIFACT, RESOLVED, Traffic
from idp.wire import Redirect, Request, Response, with_parameters
from keys.sealing import BrokenSeal

WAITS: Final = 60.0  # seconds for a Response to be asked for
_SEAL: Final = "saml-artifact"


def issue(
    services: Services, client: Client, pending: PendingAuthnRequest, message: Element, session_id: str
) -> Redirect:
    """Keep a Response for as long as its session lives, and send the browser on with its artifact."""
    artifact = artifacts.new_artifact(services.settings.saml_entity_id, ARTIFACT_INDEX)
    # It names a person: what is kept is sealed.
    sealed = services.sealer.seal(_SEAL, serialize(message), client.id.encode())
    services.state.put(_key(client, artifact.handle), [sealed, session_id], WAITS)
    services.part(Traffic).proven(ARTIFACT, client.id)
    parameters = [("SAMLart", artifacts.encode_artifact(artifact))]
    if pending.relay_state is not None:
        parameters.append(("RelayState", pending.relay_state))
    no_cache = (("Cache-Control", "no-store"), ("Pragma", "no-cache"))
    return Redirect(location=with_parameters(pending.acs, parameters), headers=no_cache)


def resolve_artifact(services: Services, request: Request) -> Response:
    """POST /saml/artifact: a signed ArtifactResolve by SOAP. Nothing but SOAP is ever answered."""
    if request.content_type not in soap.SOAP_TYPES:
        return not_soap(services, request)
    received: Received | None = None
    try:
        received = soap.receive_soap(request)
        client, provider, root = _open(services, received)
        services.part(Readers).came(client.id, request.remote_address, services.clock())
        header = request_header.read_header(root)
        artifact = artifacts.decode_artifact(_artifact_text(root))
    except (BadMessage, BadXml, BadSignature) as error:
        text = "The message cannot be trusted."
        return fault(services, request, text, refusal=_refusal(error.reason, received), cause=error)
    problem: SamlError | None = None
    found: Element | None = None
    try:
        header_checks.check_version(header)
        header_checks.check_instant(services, provider, header)
        header_checks.check_destination(header, services.url(ARTIFACT_PATH), signed=False)
        found = _take(services, client, artifact)
        services.part(Traffic).proven(RESOLVED, client.id)
    except SamlError as error:
        refusal = _refusal(error.detail or error.message, received, client)
        error_id = services.faults.refused(refusal, request=request, cause=error)
        problem = error.told(error_id, catalogue.url_of(services, error.kind))
    return soap.encode_soap(_response(services, provider, header.id, found, problem))


def _open(services: Services, received: Received) -> tuple[Client, ServiceProvider, Element]:
    # Bind §3.6.5.2: whoever asks proves that it is the one that the artifact was sent to.
    client, provider, root = open_signed(services, received, rule="an ArtifactResolve", enabled=True)
    if root.tag != f"{{{names.SAMLP}}}ArtifactResolve":
        raise BadMessage("expected an ArtifactResolve")
    return client, provider, root


def _artifact_text(root: Element) -> str:
    found = list(root.iterchildren(f"{{{names.SAMLP}}}Artifact"))
    if len(found) != 1:
        raise BadMessage("an ArtifactResolve holds one Artifact")
    return text_of(found[0]).strip()


def _take(services: Services, client: Client, artifact: artifacts.Artifact) -> Element | None:
    """The message, once, and only for its audience: another one's look does not spend it (Core §3.5.3)."""
    if artifact.source_id != artifacts.source_id(services.settings.saml_entity_id) or artifact.index != ARTIFACT_INDEX:
        return None
    stored = services.state.take(_key(client, artifact.handle))
    if stored is None:
        return None
    sealed, session_id = stored
    if session_id and sessions.find_open(services, session_id) is None:
        return None  # signed out, or shut out, meanwhile
    try:
        return parse(services.sealer.open(_SEAL, sealed, client.id.encode()))
    except BrokenSeal:  # the master key was changed meanwhile
        return None


def _response(
    services: Services, provider: ServiceProvider, in_response_to: str, found: Element | None, problem: SamlError | None
) -> Element:
    """Core §3.5.2: Success without a message where the artifact is not known, or not theirs."""
    about = {
        "ID": "_" + secrets.token_hex(16),
        "Version": "2.0",
        "IssueInstant": instant(services.clock()),
        "InResponseTo": in_response_to,
    }
    response = element(names.SAMLP, "ArtifactResponse", about)
    child(response, names.SAML, "Issuer", None, services.settings.saml_entity_id)
    status = child(response, names.SAMLP, "Status")
    code = child(status, names.SAMLP, "StatusCode", {"Value": problem.status if problem else names.SUCCESS})
    if problem is not None and problem.substatus is not None:
        child(code, names.SAMLP, "StatusCode", {"Value": problem.substatus})
    if problem is not None:
        child(status, names.SAMLP, "StatusMessage", None, clean_text(problem.message))
    if found is not None:
        response.append(found)
    sign(response, provider_keys.signer(services, provider), digest=provider_keys.digest(services, provider))
    return response


def _key(client: Client, handle: bytes) -> str:
    return f"saml:artifact:{client.id}:{handle.hex()}"


def _refusal(reason: str, received: Received | None, client: Client | None = None) -> Refused:
    return Refused(
        "saml_artifact", "An artifact could not be resolved.", detail=reason, evidence=evidence(received),
        client_id=None if client is None else client.id,
        explanation=Explanation("application", f"{reason}. An ArtifactResolve is signed with a key of its metadata."),
    )  # fmt: skip
