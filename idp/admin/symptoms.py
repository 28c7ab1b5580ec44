"""What an application's traffic looks like, for whoever looks after it (Q2)."""

from __future__ import annotations

from collections.abc import Iterator

from clients.client import Client
from idp.admin import key_readers
from idp.admin.actor import Actor
from idp.admin.permissions import Permission
from idp.answers import symptoms
from idp.answers.symptoms.evidence import Key
from idp.answers.symptoms.symptom import Symptom
from idp.protocols import Services


def of_application(services: Services, actor: Actor, client: Client) -> tuple[Symptom, ...]:
    """What keeps people out first. Errors: `NotAllowed`."""
    actor.check_app(Permission.APPS_READ, client.id)
    return symptoms.of_application(services, client, _keys(services, client))


def _keys(services: Services, client: Client) -> Iterator[Key]:
    """What is known of this application and each key that signs, or will."""
    slots = set(key_readers.slots_of(services, client))
    wanted = [key for key in key_readers.keys_of(services) if key.slot in slots and key.state in ("active", "next")]
    for report in key_readers.made(services, wanted):
        for reader in report.readers:
            if reader.client_id == client.id and (reader.pinned or report.key.kid) == report.key.kid:
                yield Key(report.key.kid, report.key.state == "active", reader.state, reader.at)
