"""An AuthnRequest that may be answered is checked, and becomes the few values that wait for somebody to sign in."""

from __future__ import annotations

from dataclasses import replace

from idp.errors import SamlError
from idp.protocols import Services
from idp.saml.assertions import authn_context, name_ids
from idp.saml.header_checks import lifetime
from idp.saml.messages import names
from idp.saml.messages.authn_request import Subject
from idp.saml.messages.bindings import BadMessage
from idp.saml.messages.xml import BadXml
from idp.saml.protocol import METADATA_PATH
from idp.saml.sign_on import subjects
from idp.saml.sign_on.authn_request_checks import CHECKS, IncomingAuthnRequest
from idp.saml.sign_on.pending_authn_request import PendingAuthnRequest


def accept(services: Services, incoming: IncomingAuthnRequest, pending: PendingAuthnRequest) -> PendingAuthnRequest:
    """Every check, and then the request in the few values that an answer needs. Errors: `SamlError`."""
    for check in CHECKS:
        check(services, incoming)
    request, provider, policy = incoming.request, incoming.provider, incoming.request.policy
    pending = replace(
        pending.with_formats(name_ids.choose_formats(provider, policy)),
        spent_for=lifetime(services, provider, request.header),
        force=request.force_authn,
        passive=request.is_passive,
        classes=authn_context.acceptable(request.context),
        may_create=policy is None or policy.allow_create is not False,
        encrypt_name_id=policy is not None and policy.format == names.NAMEID_ENCRYPTED,
        service_index=request.attribute_index,
        not_on_or_after=request.not_on_or_after,
    )
    return pending if request.subject is None else _with_subject(services, incoming, request.subject, pending)


def _with_subject(
    services: Services, incoming: IncomingAuthnRequest, subject: Subject, pending: PendingAuthnRequest
) -> PendingAuthnRequest:
    policy = incoming.request.policy
    if subject.is_encrypted and not incoming.signed:
        # Anybody could have us open what they caught on its way (threat 25).
        raise SamlError(
            names.REQUESTER, names.REQUEST_DENIED, "An EncryptedID is taken in a signed request only.",
            fix="Let the service provider sign its requests, with a key in its metadata, or name the subject openly.",
            field="EncryptedID", expected="a signed request", got="no signature", kind="subject",
        )  # fmt: skip
    try:
        name_id = subjects.read(services, subject)
    except (BadMessage, BadXml) as error:
        message = "The Subject of the request cannot be read."
        raise SamlError(
            names.REQUESTER, names.REQUEST_UNSUPPORTED, message, detail=error.reason,
            fix=f"{error.reason[:1].upper()}{error.reason[1:]}: encrypt it for the certificate with use=encryption in "
            f"our metadata ({services.url(METADATA_PATH)}), or leave the Subject out.",
            field="Subject", expected="a NameID, or an EncryptedID for our certificate", got=error.reason,
            kind="subject",
        ) from error  # fmt: skip
    if name_id is None:
        return pending
    if policy is None or policy.format in (None, names.NAMEID_UNSPECIFIED):
        # Core §3.4.1.4: the assertion names the subject as the request does.
        if name_id.format not in name_ids.SUPPORTED:
            raise name_ids.invalid(
                "NameIDs of the Subject's Format are not issued here.", field="Subject",
                expected=", ".join(one.rpartition(":")[2] for one in name_ids.ADVERTISED), got=name_id.format[:200],
                fix="Leave the Subject out of the request, or name the person in a format that is issued here.",
                kind="name_id_format",
            )  # fmt: skip
        pending = pending.with_formats((name_id.format,))
    person_id = subjects.find_person(services, incoming.client, incoming.provider, name_id)
    # What was encrypted stands on no page.
    is_name = name_id.format in (names.NAMEID_EMAIL, names.NAMEID_UNSPECIFIED) and not subject.is_encrypted
    return replace(pending, subject=person_id, hint=name_id.value[:255] if is_name else "")
