"""Whom the Subject of a request means (Core §3.4.1: exactly that one is authenticated, or nobody)."""

from __future__ import annotations

from typing import Final

from clients.client import Client
from clients.service_provider import ServiceProvider
from idp.accounts.person import fold
from idp.protocols import Services
from idp.saml import store
from idp.saml.messages import names
from idp.saml.messages.authn_request import Subject
from idp.saml.messages.bindings import BadMessage
from idp.saml.messages.decryption import CannotDecrypt, decrypt_id
from idp.saml.messages.name_id import NameID, read_name_id

#: A person's id that nobody has. Whoever is unknown gets the same page as everybody else: no oracle for names.
NOBODY: Final = "-"


def read(services: Services, subject: Subject | None) -> NameID | None:
    """The NameID of a request's Subject, decrypted; None where it names nobody. Errors: `BadMessage`, `BadXml`."""
    if subject is None or subject.identifier is None:
        return None
    node = subject.identifier
    if node.tag == f"{{{names.SAML}}}NameID":
        return read_name_id(node)
    try:
        return read_name_id(decrypt_id(node, services.certificates.private_keys("encryption")))
    except CannotDecrypt as error:
        raise BadMessage("the EncryptedID cannot be decrypted") from error


def find_person(services: Services, client: Client, provider: ServiceProvider, name_id: NameID) -> str:
    """The id of the person that a service provider knows by this NameID; `NOBODY` where there is none."""
    if name_id.sp_name_qualifier not in (None, provider.entity_id):
        return NOBODY
    if name_id.name_qualifier not in (None, services.settings.saml_entity_id):
        return NOBODY
    found: str | None
    if name_id.format == names.NAMEID_PERSISTENT:
        found = store.find_person_by_persistent(services.db, provider.entity_id, name_id.value)
    elif name_id.format in (names.NAMEID_EMAIL, names.NAMEID_UNSPECIFIED):
        found = _by_name(services, name_id)
    else:
        found = store.find_person_by_name_id(services.db, client.id, name_id.format, name_id.value, services.clock())
    return found or NOBODY


def _by_name(services: Services, name_id: NameID) -> str | None:
    person = services.directory.find_by_login(name_id.value)
    if person is None:
        return None
    own = person.email if name_id.format == names.NAMEID_EMAIL else person.username
    # A name to sign in with may be somebody's e-mail address or employee number; here it is of one kind.
    return person.id if fold(own or "") == fold(name_id.value) else None
