"""O1, R7: nothing grows without bound: each table is swept, or it is written here what bounds it."""

from __future__ import annotations

import re
from pathlib import Path

from idp import background, migrations
from tests.provider import Provider

_PERSON = "goes with the person"
_CLIENT = "goes with the application, 30 days after its removal"
_EVENT = "goes with the events"

#: Tables at which the sweep looks itself are not here.
BOUNDED = {
    "audit_counts": "a row waits until the next segment, half a minute",
    "audit_segments": _EVENT,
    "audit_streams": "a row for each receiver of the settings",
    "attribute_definitions": "what admins made; at most 200, removed by them",
    "backup_codes": _PERSON,
    "batch_parts": "goes with its batch",
    "certificates": "a few for each kind; gone ones are removed by the ring",
    "client_entities": _CLIENT,
    "client_origins": _CLIENT,
    "break_glass": _PERSON,
    "client_search": _CLIENT,
    "clients_version": "one row",
    "consents": _PERSON,
    "details_types": "what admins made; removed by them",
    "factors": _PERSON,
    "federation_links": _PERSON,
    "federation_members": "as many as the federation's list has; goes with its provider",
    "federation_syncs": "one row for each directory; goes with it",
    "federation_turned_off": _PERSON,
    "group_above": "goes with its groups",
    "group_nesting": "goes with its groups",
    "group_owners": "goes with the group, or the person",
    "groups": "what admins made; removed by them",
    "identifiers": _PERSON,
    "invitations": _PERSON,
    "jobs": "a row goes when its work is done or given up",
    "key_pins": "goes with its key",
    "keys_version": "one row",
    "launcher_pins": _PERSON,
    "managed_objects": "goes with what the file managed",
    "memberships": _PERSON,
    "moves": "one row",
    "passkey_offers": _PERSON,
    "password_history": _PERSON,
    "password_notices": _PERSON,
    "people": "removed by admins",
    "planned_ends": "one for each person, until its moment",
    "directory_changes": "a row goes when whoever follows has taken it, and with them",
    "directory_followers": "one for each target of provisioning",
    "provision_members": "goes with its target, its group or its person there",
    "provision_objects": "goes with its target; of somebody removed here once the other side has let go of them",
    "provisioned_people": "what a directory said of somebody; the database takes it away with them",
    "provisioners": "what owners made; removed by them, fifty at most",
    "recovery_contacts": _PERSON,
    "review_people": "goes with its review",
    "role_grants": _PERSON,
    "root_secrets": "one row",
    "saml_entities": "goes with its source",
    "saml_name_ids": "what a service provider knows somebody by must never be another's",
    "saml_sources": "what admins made; removed by them",
    "sessions_elsewhere": "goes with its session: the database takes it away, and the person's removal",
    "sign_in_rules_version": "one row",
    "signal_listeners": "one for each stream of security events",
    "signal_notes": "a row goes within a second, where anybody is told of it; else none is made",
    "signal_subjects": _PERSON,
    "sign_ins": _PERSON,
    "signing_keys": "a few for each algorithm; gone ones are removed by the ring",
    "untold_sessions": "a row goes when the applications are told",
}


def tables() -> set[str]:
    """All of the schema."""
    return {name for metadata in migrations.metadatas() for name in metadata.tables}


def test_o1_each_table_is_swept_or_it_is_said_what_bounds_it(provider: Provider) -> None:
    sql, _, _ = provider.counted(lambda: background.sweep(provider.services))
    swept = {name for name in tables() if any(re.search(rf"\b{name}\b", one) for one in sql)}
    assert tables() - swept == set(BOUNDED), "a new table needs a sweep in idp/background.py, or a reason here"


def test_o1_what_is_said_to_go_with_a_person_does(provider: Provider) -> None:
    """Their rows are deleted by the removal, or by the database with them."""
    services = provider.services
    person = provider.add_person("leaver")
    sql, _, _ = provider.counted(lambda: provider.services.directory.remove(person.id))
    deleted = {name for name in tables() if any(re.search(rf"DELETE FROM {name}\b", one) for one in sql)}
    assert services.directory.find(person.id) is None
    owned = {name for name, why in BOUNDED.items() if why == _PERSON}
    assert owned <= deleted, sorted(owned - deleted)


def test_o1_the_document_has_a_line_for_each_part_of_the_sweep(provider: Provider) -> None:
    document = (Path(__file__).parent.parent / "docs" / "operating.md").read_text()
    table = document.partition("## Clean-up")[2].partition("\n## ")[0]
    named = set(re.findall(r"^\| `([a-z_]+)` \|", table, re.MULTILINE))
    assert named == set(background.sweep(provider.services))
