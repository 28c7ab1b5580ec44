"""C1, S59: every verb that changes something takes who acts, and asks; each for each role, on one's own and on others'.

What is tried is found in the code: a new verb without an actor fails, and so does one without a line in `WHO_MAY`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from itertools import count
from typing import Any, Final

import pytest

from clients.access import Access
from clients.client import Client
from clients.ids import new_client_id
from clients.registry import Draft as App
from clients.self_registered.policy import Policy
from idp import audit
from idp.accounts import approvals, roles
from idp.accounts import cases as accounts_cases
from idp.accounts import factors as accounts_factors
from idp.accounts import groups as accounts_groups
from idp.accounts import reviews as accounts_reviews
from idp.accounts.approvals import Approval
from idp.accounts.batches import Batch
from idp.accounts.groups import Group
from idp.accounts.person import Draft, Person
from idp.accounts.provisioning.clients import Provisioner
from idp.accounts.provisioning.clients import Wanted as Provisioning
from idp.accounts.registering import waiting
from idp.accounts.roles import RoleGrant
from idp.admin import (
    access,
    applications,
    attribute_writing,
    attributes,
    cases,
    certificates,
    claim_preview,
    client_hosts,
    contacts,
    details_types,
    directories,
    error_links,
    factors,
    gallery,
    granting,
    groups,
    invitations,
    joining,
    key_pins,
    key_rollback,
    keys,
    messages,
    metadata_sources,
    notices,
    past_access,
    people,
    personal_data,
    planned_ends,
    preview,
    programs,
    provider_keys,
    providers,
    provisioners,
    provisioning,
    record,
    registration_tokens,
    registrations,
    requests,
    reviews,
    service_providers,
    sessions,
    signals,
    streams,
    tokens,
    trial,
    turning_off,
)  # fmt: skip
from idp.admin.actor import Actor, NotAllowed, of_shell
from idp.admin.approving import deciding
from idp.admin.batches import work_on
from idp.admin.break_glass import keeping as break_glass
from idp.admin.bulk import verbs as bulk
from idp.admin.checking import links, running
from idp.admin.configuration import applying, planning
from idp.admin.configuration.document import File, read
from idp.admin.configuration.kinds import KINDS
from idp.admin.histories import applications as app_history
from idp.admin.histories import attributes as attribute_history
from idp.admin.histories import groups as group_history
from idp.admin.histories import people as people_history
from idp.admin.histories import providers as provider_history
from idp.admin.histories import rules as history
from idp.admin.importing import verbs as importing
from idp.admin.importing.reading import read as read_table
from idp.admin.rules import changing
from idp.audit import Event
from idp.audit.searching import Wanted
from idp.errors import new_error_id
from idp.federation import links as elsewhere
from idp.ids import new_id
from idp.protocols import Services
from idp.provisioning import keeping as targets
from idp.provisioning.target import Said
from idp.saml.metadata.description import from_acs
from idp.saml.metadata.sources import SourceDraft
from idp.signals import keeping as kept_signals
from idp.signals.stream import POLL
from idp.signals.stream import Said as OfStream
from idp.wire import Request
from tests.admin.verbs import Code, of_admin
from tests.federation.saml.there import There
from tests.provider import Provider
from tests.saml.documents import certificate

VERBS = tuple(of_admin().verbs())

#: Part of a verb that has asked, and no verb of its own.
PARTS: Final = {
    "applications.ensure_keys": "a key that a changed application is signed for, made where there is none",
    "client_hosts.decide": "what `allow` and `refuse`, and a file that is applied, have asked for",
    "client_hosts.drop": "the same of `forget`",
    "client_hosts.follow": "the same, once it is written",
    "configuration.marks.put": "apply writes down whose an object is, in its own transaction",
    "break_glass.watching.watch": "what is noticed by itself",
    "approving.asking.ask": "what verbs that have asked call: whether it takes two owners",
    "approving.asking.refuse_by_the_way": "the same",
    "approving.asking.refuse_secrets": "the same",
    "batches.running.register": "what the job queue does: in the name of whoever asked for it, row by row",
    "bulk.actions.ended": "the numbers of work that was asked for, when its last row is done",
    "importing.inviting.register": "what the job queue does, of what an import wrote",
    "batches.running.work_on": "in the name of whoever asked for it, whose rights are looked up at each step",
    "importing.inviting.invite": "the job of a row that an import took in, by what its asker may when it is sent",
    "importing.rows.take": "a row of an import, whose verb has asked; a person who is there is asked for by themselves",
    "importing.work.begin": "the same",
    "importing.work.ended": "the numbers of an import, when its last row is done",
    "people.with_values": "how `correct`, and what writes attributes, say what was and is",
    "person_attributes.told_of": "the same, with what is not told masked",
    "planned_ends.register": "the job of it",
    "planned_ends.run_due": "what somebody who was asked had planned, at its moment",
    "reviews.ending.register": "the job of it",
    "reviews.ending.run_due": "at its date, what somebody who was asked had started; their rights are asked anew",
    "reviews.telling.remind": "the same",
    "configuration.marks.drop": "the same, when it is no file's any more",
}


def test_C1_every_verb_that_changes_something_takes_its_actor_and_asks() -> None:
    wrong = [one.name for one in VERBS if one.changes and not (one.takes_actor and one.asks)]
    assert set(wrong) == PARTS.keys()


def test_C1_every_verb_that_asks_has_a_line_in_the_matrix() -> None:
    asking = {one.name for one in VERBS if one.asks and one.changes}
    assert asking - WHO_MAY.keys() == set()
    assert WHO_MAY.keys() - {one.name for one in VERBS} == set()


@pytest.mark.parametrize(
    "source",
    [
        "def off(services, person, *, record):\n    services.directory.disable(person.id, record=record)\n",
        "def off(services, person):\n    services.directory.disable(person.id)\n",
        "def off(services, client):\n    services.registry.disable(client.id)\n",
        "def roll(services):\n    services.ring.rotate('RS256')\n",
        "from idp.accounts import cases\n\ndef shut(services, case):\n    cases.close(services, case.id, '', 'me')\n",
        "def write(services):\n    with services.db.transaction() as tx:\n        pass\n",
        "def _off(services, one, record):\n    pass\n\ndef off(services, one):\n    _off(services, one, None)\n",
    ],
)
def test_C1_a_verb_that_takes_nobody_is_found(source: str) -> None:
    (verb,) = Code({"idp.admin.bad": source}).verbs()
    assert verb.changes
    assert not verb.takes_actor


def test_C1_a_verb_that_takes_somebody_and_asks_nothing_is_found() -> None:
    source = "def off(services, actor, one):\n    services.directory.disable(one.id, record=actor.record(services))\n"
    (verb,) = Code({"idp.admin.bad": source}).verbs()
    assert verb.takes_actor
    assert verb.changes
    assert not verb.asks


# -- the matrix ------------------------------------------------------------------------------------------------------

ADMINS: Final = "owner admin"
OWNER: Final = "owner"
OWN_APP: Final = "owner admin app_admin:own"
HELPS: Final = "owner admin help_desk help_desk:own"
READS_ALL: Final = "owner admin auditor"

#: Who may, of `WHO`: for somebody, an application or a case that is their own part, or another's.
WHO_MAY: Final[Mapping[str, str]] = {
    "access.change": OWN_APP,
    "histories.applications.undo": OWN_APP,
    "applications.register": ADMINS,
    "applications.update": OWN_APP,
    "applications.turn_off": OWN_APP,
    "applications.turn_on": OWN_APP,
    "applications.remove": ADMINS,
    "applications.restore": ADMINS,
    "applications.add_secret": OWN_APP,
    "applications.end_secret": OWN_APP,
    "approving.deciding.approve": OWNER,
    "approving.deciding.refuse": OWNER,
    "approving.deciding.withdraw": "",
    "bulk.verbs.start": ADMINS,
    "bulk.verbs.carry_out": ADMINS,
    "break_glass.keeping.make": OWNER,
    "break_glass.keeping.renew": OWNER,
    "break_glass.keeping.end": OWNER,
    "break_glass.keeping.acknowledge": OWNER,
    "cases.note": HELPS,
    "cases.close": HELPS,
    "certificates.prepare": OWNER,
    "certificates.promote": OWNER,
    "certificates.withdraw": OWNER,
    "configuration.applying.apply": ADMINS,
    "contacts.take_away": ADMINS,
    "contacts.suspend": ADMINS,
    "factors.remove": HELPS,
    "factors.issue_code": HELPS,
    "factors.approve_code": HELPS,
    "gallery.add": ADMINS,
    "granting.change_roles": OWNER,
    "groups.make": ADMINS,
    "groups.change_members": ADMINS,
    "groups.rename": ADMINS,
    "groups.describe": ADMINS,
    "groups.change_owners": ADMINS,
    "groups.put_in": ADMINS,
    "groups.take_out": ADMINS,
    "groups.let_us_add": ADMINS,
    "groups.mend": ADMINS,
    "groups.rename_by": ADMINS,
    "groups.provide_members": ADMINS,
    "provisioning.add": ADMINS,
    "provisioning.change": ADMINS,
    "provisioning.turn": ADMINS,
    "provisioning.release": ADMINS,
    "provisioning.remove": ADMINS,
    "provisioning.send_all": OWN_APP,
    "provisioning.retry": OWN_APP,
    "provisioning.retry_failed": OWN_APP,
    "signals.pause": OWN_APP,
    "signals.resume": OWN_APP,
    "signals.test": OWN_APP,
    "signals.remove": OWN_APP,
    "provisioners.make": OWNER,
    "provisioners.change": OWNER,
    "provisioners.turn": OWNER,
    "provisioners.renew": OWNER,
    "provisioners.remove": OWNER,
    "groups.remove": ADMINS,
    "joining.join": OWNER,
    "key_pins.pin": OWNER,
    "key_pins.tell": OWNER,
    "key_pins.unpin": OWNER,
    "key_pins.untell": OWNER,
    "key_rollback.roll_back": OWNER,
    "keys.rotate": OWNER,
    "keys.promote": OWNER,
    "keys.withdraw": OWNER,
    "messages.put_aside": ADMINS,
    "messages.send_test": ADMINS,
    "metadata_sources.add": ADMINS,
    "metadata_sources.refresh": ADMINS,
    "metadata_sources.remove": ADMINS,
    "notices.add": ADMINS,
    "notices.remove": ADMINS,
    "people.unlock": HELPS,
    "people.add": ADMINS,
    "people.remove": ADMINS,
    "people.invite_again": HELPS,
    "invitations.withdraw": HELPS,
    "personal_data.export": ADMINS,
    "people.correct": ADMINS,
    "people.change_groups": ADMINS,
    "people.set_password": ADMINS,
    "people.hand_out_link": ADMINS,
    "people.mail_link": HELPS,
    "claim_preview.of_rows": f"{OWN_APP} auditor",
    "preview.of_person": f"{OWN_APP} auditor",
    "trial.foresee": f"{OWN_APP} auditor",
    "checking.running.start": OWN_APP,
    "checking.running.stop": OWN_APP,
    "checking.links.share": OWN_APP,
    "checking.links.withdraw": OWN_APP,
    "error_links.share": OWN_APP,
    "error_links.withdraw": OWN_APP,
    "record.blank": ADMINS,
    "record.export": READS_ALL,
    "record.export_part": READS_ALL,
    "past_access.exporting.exported": READS_ALL,
    "streams.try_out": READS_ALL,
    "programs.change_roles": OWNER,
    "providers.add": OWNER,
    "providers.change": OWNER,
    "providers.turn": OWNER,
    "providers.remove": OWNER,
    "providers.renew_secret": OWNER,
    "providers.restore": OWNER,
    "histories.groups.undo": ADMINS,
    "histories.people.undo": ADMINS,
    "histories.providers.undo": OWNER,
    "provider_keys.pin": OWNER,
    "directories.look_at_all": OWNER,
    "providers.disconnect": HELPS,
    "tokens.create": "",
    "tokens.withdraw": ADMINS,
    "client_hosts.allow": ADMINS,
    "client_hosts.end_grants": ADMINS,
    "client_hosts.refuse": ADMINS,
    "client_hosts.forget": ADMINS,
    "attributes.add": ADMINS,
    "attributes.change": ADMINS,
    "attributes.remove": ADMINS,
    "histories.attributes.undo": ADMINS,
    "attribute_writing.write": HELPS,
    "details_types.put": ADMINS,
    "details_types.remove": ADMINS,
    "registration_tokens.create": ADMINS,
    "registration_tokens.withdraw": ADMINS,
    "registrations.approve": ADMINS,
    "registrations.refuse": ADMINS,
    "requests.grant": OWN_APP,
    "requests.decline": OWN_APP,
    "reviews.starting.start": OWN_APP,
    "reviews.deciding.decide": OWN_APP,
    "reviews.ending.end_now": OWN_APP,
    "reviews.ending.stop": OWN_APP,
    "reviews.ending.settle": OWN_APP,
    "rules.changing.add": ADMINS,
    "rules.changing.change": ADMINS,
    "rules.changing.turn": ADMINS,
    "rules.changing.move": ADMINS,
    "rules.changing.put_in_order": ADMINS,
    "rules.changing.remove": ADMINS,
    "rules.changing.restore": ADMINS,
    "histories.rules.undo": ADMINS,
    "service_providers.register": ADMINS,
    "service_providers.refresh": OWN_APP,
    "sessions.end": HELPS,
    "sessions.end_all": HELPS,
    "importing.verbs.carry_out": ADMINS,
    "planned_ends.plan": ADMINS,
    "planned_ends.withdraw": ADMINS,
    "turning_off.shut_out": ADMINS,
    "turning_off.turn_off": ADMINS,
    "turning_off.turn_on": ADMINS,
}

WHO: Final = (
    "owner", "admin", "app_admin:own", "app_admin:other", "help_desk", "help_desk:own", "help_desk:other", "auditor",
    "nobody",
)  # fmt: skip
OURS, THEIRS = "Ours", "Theirs"
SHELL = of_shell("cli:test")


class World:
    """A provider with what verbs are about, new each time that it is asked for."""

    def __init__(self, provider: Provider) -> None:
        self.provider, self.services = provider, provider.services
        self.numbers = count()
        self.apps = tuple(new_client_id() for _ in range(100))
        self.free = iter(self.apps)
        self.actors = {who: self._actor(who) for who in WHO}

    def _actor(self, who: str) -> Actor:
        role, _, part = who.partition(":")
        person = self.provider.add_person(f"the-{who.replace(':', '-')}", None)
        scope = None
        if part:
            own = self.apps if role == "app_admin" else (OURS,)
            scope = own if part == "own" else ("other",) if role == "app_admin" else (THEIRS,)
        given = () if role == "nobody" else (RoleGrant(role, scope),)
        roles.change(
            self.services.db, person.id, give=given, by="test", now=self.services.clock(), record=lambda *_: None
        )
        return Actor(kind="person", id=person.id, name=f"person:{person.id}", grants=given)

    def person(self, **about: Any) -> Person:
        return self.provider.add_person(f"person-{next(self.numbers)}", None, groups=(OURS,), **about)

    def app(self, **metadata: Any) -> Client:
        id, metadata = next(self.free), {"redirect_uris": ["https://crm.example/cb"], **metadata}
        draft = App(name=f"App {id}", metadata=metadata, id=id, access=Access.only())
        return self.services.registry.register(draft).client

    def service_provider(self) -> Client:
        id = next(self.free)
        found = from_acs(f"https://{id}.example", (f"https://{id}.example/acs",))
        draft = App(kind="saml", name=id, id=id, metadata={"sp_metadata": found.facts})
        return self.services.registry.register(draft).client

    def group(self) -> Group:
        return accounts_groups.add(
            self.services.db, f"group {next(self.numbers)}", 0, record=SHELL.record(self.services)
        )

    def case(self, kind: str = accounts_cases.HELP, about: str = "") -> accounts_cases.Case:
        return accounts_cases.open_case(self.services, self.person().id, kind, "help", _request(), about=about)

    def asked(self) -> requests.Asked:
        asked = requests.find(self.services, self.case(accounts_cases.ACCESS, self.app().id))
        assert asked is not None
        return asked


@dataclass(frozen=True)
class Try:
    """`prepare` makes what the verb is about; `run` is the verb."""

    prepare: Callable[[World], Any]
    run: Callable[[Services, Actor, Any], object]


def _request() -> Request:
    return Request({"REQUEST_METHOD": "POST", "PATH_INFO": "/", "REMOTE_ADDR": "203.0.113.7"})


def nothing(world: World) -> None:
    """The verb is about nothing that is there."""


def _import(world: World) -> Batch:
    name = world.person().username
    batch = importing.start(world.services, SHELL, read_table(f"username\nnew-{name}\n".encode()), queue=False)
    *_, batch = work_on(world.services, batch.id)
    return batch


def _secret(world: World) -> tuple[Client, str]:
    client = world.app()
    return client, world.services.registry.list_secrets(client.id)[0].id


def _undoable(world: World) -> tuple[str, str]:
    client = world.app()
    world.services.registry.update(client.id, {"description": "x"}, record=SHELL.record(world.services))
    (event,) = world.provider.events("client:update", 1)
    return client.id, event.id


def _described_group(world: World) -> tuple[Group, str]:
    group = groups.describe(world.services, SHELL, world.group(), "who sells")
    return group, group_history.of(world.services, SHELL, group, many=1)[0].id


def _corrected(world: World) -> tuple[Person, str]:
    correction = people.Correction(changes={"name": "Other Name"})
    person = people.correct(world.services, SHELL, world.person(), correction).after
    return person, people_history.of(world.services, person, many=1)[0].id


def _registration(world: World) -> waiting.Waiting:
    name = f"asks-{next(world.numbers)}"
    email = f"{name}@example.org"
    who = waiting.Applicant(email=email, username=name, name="Zoe Miller", claims={})
    waiting.add(world.services, who, SHELL.record(world.services))
    found = waiting.of_address(world.services.db, email)
    assert found is not None
    return found


def _waiting(world: World) -> str:
    """A change that somebody else has asked for."""
    now = world.services.clock()
    asker = world.provider.add_person(f"asker-{next(world.numbers)}", None)
    roles.change(
        world.services.db, asker.id, give=(RoleGrant("owner"),), by="test", now=now, record=lambda *_: None
    )  # fmt: skip
    one = Approval(
        id=new_id(now), action="user:turn_off", verb="people.turn_off", args={"person": world.person().id},
        asked_by=f"person:{asker.id}", token_id="", asked_at=now, until=now + 60,
    )  # fmt: skip
    with world.services.db.transaction() as tx:
        approvals.add(tx, one)
    return one.id


def _envelope(world: World) -> Person:
    return break_glass.make(world.services, SHELL, f"envelope-{next(world.numbers)}").person


def _number(world: World) -> int:
    return next(world.numbers)


def _rule(world: World) -> str:
    return world.provider.add_rule(name=f"Rule {next(world.numbers)}")


def _described(name: object) -> dict[str, str]:
    return {"name": f"Provider {name}", "issuer": "https://id.example", "client_id": "us"}


def _linked(world: World) -> tuple[Person, str]:
    person, id = world.person(), _provider(world)
    with world.services.db.transaction() as tx:
        elsewhere.add(tx, elsewhere.Link(id, f"sub of {id}", person.id, "", (), 0.0, 0.0), record=lambda *_: None)
    return person, id


def _provider(world: World) -> str:
    return providers.add(world.services, SHELL, _described(next(world.numbers)), "secret").provider.id


def _saml_provider(world: World) -> str:
    there = There(world.provider.clock)
    said = {"name": f"Company {next(world.numbers)}", "kind": "saml", "metadata": there.metadata()}
    return providers.add(world.services, SHELL, said, "").provider.id


def _removed_provider(world: World) -> str:
    id = _provider(world)
    providers.remove(world.services, SHELL, id)
    return id


def _provider_change(world: World) -> str:
    return provider_history.of(world.services, SHELL, _provider(world))[0].id


def _removed_rule(world: World) -> str:
    return changing.remove(world.services, SHELL, _rule(world)).rule.id


def _undoable_rule(world: World) -> str:
    _removed_rule(world)
    return history.of(world.services, SHELL, many=1)[0].id


def _attribute(world: World) -> str:
    return attributes.add(world.services, SHELL, f"attribute_{_number(world)}", {"label": "One"}).name


def _undoable_attribute(world: World) -> str:
    name = _attribute(world)
    return attribute_history.of(world.services, SHELL, name, many=1)[0].id


def _desk(world: World) -> Person:
    """Somebody of whom the help desk writes where they sit."""
    if "desk_place" not in world.services.registry.attributes():
        attributes.add(world.services, SHELL, "desk_place", {"edits": ["help_desk", "admin"]})
    return world.person()


def _checked(world: World) -> Client:
    client = world.app()
    running.start(world.services, SHELL, client)
    return client


def _shared(world: World) -> Client:
    client = world.app()
    links.share(world.services, SHELL, client)
    return client


def _failed_once(world: World) -> Event:
    now, error_id = world.services.clock(), new_error_id()
    event = Event("error:x", id=new_id(now), client_id=world.app().id, error_id=error_id, at=now)
    audit.record(world.services.db, event, now)
    return event


def _past(world: World) -> past_access.Known:
    client, now = world.app(), world.services.clock()
    return past_access.known(world.services, SHELL, client.id, past_access.Window(now - 10, now))


def _signed_for(world: World) -> tuple[str, str]:
    (key,) = (one for one in world.services.ring.list_keys() if one.alg == "RS256" and one.state == "active")
    return world.app().id, key.kid


def _program(world: World) -> Client:
    draft = App(name="Script", profile="machine", id=next(world.free))
    return world.services.registry.register(draft).client


def _off(world: World) -> Client:
    return world.services.registry.disable(world.app().id)


def _gone(world: World) -> str:
    client = world.app()
    world.services.registry.remove(client.id)
    return client.id


def _with_code(world: World) -> Person:
    person = world.person()
    factors.issue_code(world.services, SHELL, person, factors.Wish(reason="lost"))
    return person


def _with_factor(world: World) -> tuple[Person, str]:
    person = world.person()
    with world.services.db.transaction() as tx:
        made = accounts_factors.add(tx, world.services.clock(), person.id, "totp", "Phone", sealed="x")
    return person, made if isinstance(made, str) else made.id


def _removed(world: World) -> str:
    person = world.person()
    record_ = SHELL.record(world.services)
    world.services.directory.update(person.id, name="Another", record=record_)
    world.services.directory.remove(person.id, record=record_)
    return person.id


def _approve(services: Services, actor: Actor, person: Person) -> object:
    return factors.approve_code(services, actor, person, services.directory.get(actor.id))


def _apply(services: Services, actor: Actor, number: int) -> object:
    text = f'[[group]]\nname = "g{number}"\n\n[[application]]\nname = "App {number}"\naccess = "nobody"\n'
    entries = read([File("apps.toml", f'{text}redirect_uris = ["https://file.example/cb"]\n')], KINDS)
    shown = planning.plan(services, entries, ["apps.toml"])
    return applying.apply(services, actor, entries, ["apps.toml"], shown)


def _to_review(world: World) -> reviews.Wish:
    client = world.app()
    person = world.person()
    world.services.registry.change_access(client.id, lambda now: now.widened(persons=(person.id,)))
    own = world.services.directory.get(world.actors["app_admin:own"].id)
    return reviews.Wish(
        kind="app", about=client.id, reviewers=(own,), due_at=world.services.clock() + 86400, unconfirmed="report"
    )


def _review(world: World) -> accounts_reviews.Review:
    return reviews.start(world.services, SHELL, _to_review(world))


def _fails(error: type[Exception], run: Callable[[Services, Actor, Any], object]) -> Callable[..., object]:
    """What is past the question of rights when the verb says something else."""

    def tried(services: Services, actor: Actor, about: Any) -> None:
        with pytest.raises(error):
            run(services, actor, about)

    return tried


def _kinds_of_failure() -> dict[str, type[Exception]]:
    from idp.saml.metadata.lexical import BadMetadata
    from keys.certificates import NoSuchCertificate
    from keys.rotation import NoSuchKey

    return {"metadata": BadMetadata, "certificate": NoSuchCertificate, "key": NoSuchKey}


def _target(world: World) -> str:
    client = world.app()
    provisioning.add(world.services, SHELL, client, Said(url="https://app.example/scim"), "token")
    return client.id


def _signals(world: World) -> str:
    return kept_signals.add(world.services, world.app().id, OfStream(POLL), record=lambda *_: None).id


def _deleting(before: Said) -> Said:
    return replace(before, off="delete")


def _provisioner(world: World) -> Provisioner:
    wanted = Provisioning(name=f"directory {next(world.numbers)}")
    return provisioners.make(world.services, SHELL, wanted).client


E = _kinds_of_failure()
SOURCE = SourceDraft("aggregate", "https://nowhere.invalid/md", (certificate(),))
TRIES: Final[Mapping[str, Try]] = {
    "rules.changing.add": Try(_number, lambda s, a, n: changing.add(s, a, {"name": f"Rule {n}"})),
    "rules.changing.change": Try(_rule, lambda s, a, id: changing.change(s, a, id, {"name": f"New {id}"})),
    "rules.changing.turn": Try(_rule, lambda s, a, id: changing.turn(s, a, id, on=False)),
    "rules.changing.move": Try(_rule, lambda s, a, id: changing.move(s, a, id, -1)),
    "rules.changing.put_in_order": Try(_rule, lambda s, a, id: changing.put_in_order(s, a, [id])),
    "rules.changing.remove": Try(_rule, lambda s, a, id: changing.remove(s, a, id)),
    "rules.changing.restore": Try(_removed_rule, lambda s, a, id: changing.restore(s, a, id)),
    "histories.rules.undo": Try(_undoable_rule, lambda s, a, id: history.undo(s, a, id)),
    "providers.add": Try(_number, lambda s, a, n: providers.add(s, a, _described(n), "secret")),
    "providers.change": Try(
        _provider, lambda s, a, id: providers.change(s, a, id, providers.Wanted(_described(f"New {id}")))
    ),
    "providers.turn": Try(_provider, lambda s, a, id: providers.turn(s, a, id, on=False)),
    "providers.remove": Try(_provider, providers.remove),
    "providers.restore": Try(_removed_provider, providers.restore),
    "providers.renew_secret": Try(_provider, lambda s, a, id: providers.renew_secret(s, a, id, "another")),
    "histories.providers.undo": Try(_provider_change, provider_history.undo),
    "provider_keys.pin": Try(_saml_provider, provider_keys.pin),
    "directories.look_at_all": Try(
        _provider,
        _fails(directories.NoDirectory, lambda s, a, id: directories.look_at_all(s, a, id, directories.How())),
    ),
    "providers.disconnect": Try(_linked, lambda s, a, it: providers.disconnect(s, a, *it)),
    "access.change": Try(World.app, lambda s, a, app: access.change(s, a, app, access.Change(start="everyone"))),
    "histories.groups.undo": Try(_described_group, lambda s, a, both: group_history.undo(s, a, *both)),
    "histories.people.undo": Try(_corrected, lambda s, a, both: people_history.undo(s, a, *both)),
    "histories.applications.undo": Try(_undoable, lambda s, a, both: app_history.undo(s, a, *both)),
    "applications.register": Try(
        nothing,
        lambda s, a, _: applications.register(
            s, a, App(name="New", metadata={"redirect_uris": ["https://new.example/cb"]})
        ),
    ),
    "applications.update": Try(
        World.app, lambda s, a, app: applications.update(s, a, app, applications.Change(metadata={"description": "x"}))
    ),
    "applications.turn_off": Try(World.app, applications.turn_off),
    "applications.turn_on": Try(_off, applications.turn_on),
    "applications.remove": Try(World.app, applications.remove),
    "applications.restore": Try(_gone, applications.restore),
    "applications.add_secret": Try(World.app, lambda s, a, app: applications.add_secret(s, a, app, 0)),
    "applications.end_secret": Try(_secret, lambda s, a, both: applications.end_secret(s, a, *both)),
    "approving.deciding.approve": Try(_waiting, deciding.approve),
    "approving.deciding.refuse": Try(_waiting, deciding.refuse),
    "approving.deciding.withdraw": Try(_waiting, deciding.withdraw),
    "bulk.verbs.start": Try(lambda w: w.person(), lambda s, a, one: bulk.start(s, a, "off", [one.id], queue=False)),
    "bulk.verbs.carry_out": Try(
        lambda w: bulk.start(w.services, SHELL, "off", [w.person().id]),
        lambda s, a, batch: bulk.carry_out(s, a, batch, queue=False),
    ),
    "break_glass.keeping.make": Try(_number, lambda s, a, n: break_glass.make(s, a, f"envelope-{n}")),
    "break_glass.keeping.renew": Try(_envelope, lambda s, a, one: break_glass.renew(s, a, one.id)),
    "break_glass.keeping.end": Try(_envelope, lambda s, a, one: break_glass.end(s, a, one.id)),
    "break_glass.keeping.acknowledge": Try(_envelope, lambda s, a, one: break_glass.acknowledge(s, a, one.id)),
    "cases.note": Try(World.case, lambda s, a, case: cases.note(s, a, case, "called back")),
    "cases.close": Try(World.case, lambda s, a, case: cases.close(s, a, case, "done")),
    "certificates.prepare": Try(nothing, lambda s, a, _: certificates.prepare(s, a, "signing", "ec")),
    "certificates.promote": Try(
        nothing, _fails(E["certificate"], lambda s, a, _: certificates.promote(s, a, "unknown"))
    ),
    "certificates.withdraw": Try(
        nothing, _fails(E["certificate"], lambda s, a, _: certificates.withdraw(s, a, "unknown"))
    ),
    "configuration.applying.apply": Try(lambda w: next(w.numbers), _apply),
    "contacts.take_away": Try(World.person, lambda s, a, one: contacts.take_away(s, a, one, "email")),
    "contacts.suspend": Try(World.person, contacts.suspend),
    "factors.remove": Try(_with_factor, lambda s, a, both: factors.remove(s, a, *both, reason="lost")),
    "factors.issue_code": Try(World.person, lambda s, a, one: factors.issue_code(s, a, one, factors.Wish(reason="x"))),
    "factors.approve_code": Try(_with_code, _approve),
    "gallery.add": Try(nothing, lambda s, a, _: gallery.add(s, a, "espocrm", {"app": "https://crm.example"})),
    "granting.change_roles": Try(
        World.person, lambda s, a, one: granting.change_roles(s, a, one, give=(RoleGrant("auditor"),))
    ),
    "groups.make": Try(World.person, lambda s, a, one: groups.make(s, a, f"Made {one.username}")),
    "groups.change_members": Try(
        lambda w: (w.group(), w.person()),
        lambda s, a, both: groups.change_members(s, a, both[0], joins=both[1:], leaves=[]),
    ),
    "groups.rename": Try(World.group, lambda s, a, group: groups.rename(s, a, group, f"{group.name} anew")),
    "groups.describe": Try(World.group, lambda s, a, group: groups.describe(s, a, group, "who sells")),
    "groups.change_owners": Try(
        lambda world: (world.group(), world.person()),
        lambda s, a, both: groups.change_owners(s, a, both[0], joins=both[1:], leaves=[]),
    ),
    "groups.put_in": Try(
        lambda world: (world.group(), world.group()), lambda s, a, both: groups.put_in(s, a, both[0], both[1])
    ),
    "groups.take_out": Try(
        lambda world: (world.group(), world.group()), lambda s, a, both: groups.take_out(s, a, both[0], both[1])
    ),
    "groups.let_us_add": Try(World.group, lambda s, a, group: groups.let_us_add(s, a, group, also=True)),
    "groups.rename_by": Try(
        World.group, lambda s, a, group: groups.rename_by(s, a, group, f"{group.name} anew", "")
    ),
    "groups.provide_members": Try(
        lambda world: (world.group(), world.person()),
        lambda s, a, both: groups.provide_members(s, a, both[0], "", joins=[both[1].id], leaves=[]),
    ),
    "provisioning.add": Try(
        World.app, lambda s, a, app: provisioning.add(s, a, app, Said(url="https://app.example/scim"), "token")
    ),
    "provisioning.change": Try(_target, lambda s, a, id: provisioning.change(s, a, id, _deleting)),
    "provisioning.turn": Try(_target, lambda s, a, id: provisioning.turn(s, a, id, on=False)),
    "provisioning.release": Try(
        _target, _fails(targets.NotBraked, lambda s, a, id: provisioning.release(s, a, id, 1))
    ),
    "provisioning.remove": Try(_target, provisioning.remove),
    "provisioning.send_all": Try(_target, provisioning.send_all),
    "provisioning.retry": Try(
        _target, _fails(provisioning.UnknownObject, lambda s, a, id: provisioning.retry(s, a, id, "user", "nobody"))
    ),
    "provisioning.retry_failed": Try(_target, provisioning.retry_failed),
    "signals.pause": Try(_signals, signals.pause),
    "signals.resume": Try(_signals, signals.resume),
    "signals.test": Try(_signals, signals.test),
    "signals.remove": Try(_signals, signals.remove),
    "provisioners.make": Try(
        World.person, lambda s, a, one: provisioners.make(s, a, Provisioning(name=one.username))
    ),
    "provisioners.change": Try(
        _provisioner, lambda s, a, one: provisioners.change(s, a, one, lambda was: Provisioning(name=was.name))
    ),
    "provisioners.turn": Try(_provisioner, lambda s, a, one: provisioners.turn(s, a, one, on=False)),
    "provisioners.renew": Try(_provisioner, lambda s, a, one: provisioners.renew(s, a, one, at_once=True)),
    "provisioners.remove": Try(_provisioner, lambda s, a, one: provisioners.remove(s, a, one)),
    "groups.mend": Try(World.group, lambda s, a, _: groups.mend(s, a)),
    "groups.remove": Try(World.group, lambda s, a, group: groups.remove(s, a, group, with_members=True)),
    "key_pins.pin": Try(_signed_for, lambda s, a, both: key_pins.pin(s, a, *both)),
    "key_pins.tell": Try(_signed_for, lambda s, a, both: key_pins.tell(s, a, *both)),
    "key_pins.unpin": Try(_signed_for, lambda s, a, both: key_pins.unpin(s, a, *both)),
    "key_pins.untell": Try(_signed_for, lambda s, a, both: key_pins.untell(s, a, *both)),
    "key_rollback.roll_back": Try(nothing, _fails(E["key"], lambda s, a, _: key_rollback.roll_back(s, a, "unknown"))),
    "keys.rotate": Try(nothing, lambda s, a, _: keys.rotate(s, a, ["ES256"])),
    "keys.promote": Try(nothing, _fails(E["key"], lambda s, a, _: keys.promote(s, a, "unknown"))),
    "keys.withdraw": Try(nothing, _fails(E["key"], lambda s, a, _: keys.withdraw(s, a, "unknown"))),
    "messages.put_aside": Try(
        nothing, _fails(messages.NoSuchMessage, lambda s, a, _: messages.put_aside(s, a, "unknown"))
    ),
    "messages.send_test": Try(
        nothing, _fails(messages.CannotLeave, lambda s, a, _: messages.send_test(s, a, "ann@example.com", "en"))
    ),
    "metadata_sources.add": Try(nothing, _fails(E["metadata"], lambda s, a, _: metadata_sources.add(s, a, SOURCE))),
    "metadata_sources.refresh": Try(
        nothing, _fails(E["metadata"], lambda s, a, _: metadata_sources.refresh(s, a, "unknown"))
    ),
    "metadata_sources.remove": Try(
        lambda w: _source(w), lambda s, a, source: metadata_sources.remove(s, a, source)
    ),
    "notices.add": Try(nothing, lambda s, a, _: notices.add(s, a, notices.Wish(text="Hello"))),
    "notices.remove": Try(nothing, lambda s, a, _: notices.remove(s, a, "unknown")),
    "people.unlock": Try(World.person, people.unlock),
    "people.add": Try(
        World.person, lambda s, a, one: people.add(s, a, Draft(username=f"new-{one.username}"), by_mail=False)
    ),
    "people.remove": Try(World.person, people.remove),
    "joining.join": Try(
        World.person, lambda s, a, one: joining.join(s, a, one, s.directory.add(Draft(username=f"2-{new_client_id()}")))
    ),
    "people.invite_again": Try(World.person, people.invite_again),
    "invitations.withdraw": Try(World.person, invitations.withdraw),
    "personal_data.export": Try(World.person, personal_data.export),
    "people.correct": Try(
        World.person, lambda s, a, one: people.correct(s, a, one, people.Correction(changes={"name": "Another"}))
    ),
    "people.change_groups": Try(
        World.person, lambda s, a, one: people.change_groups(s, a, one, joins=("Team",), leaves=())
    ),
    "people.set_password": Try(World.person, lambda s, a, one: people.set_password(s, a, one, "short")),
    "people.hand_out_link": Try(World.person, people.hand_out_link),
    "people.mail_link": Try(World.person, people.mail_link),
    "claim_preview.of_rows": Try(
        lambda w: (w.app(), w.person()), lambda s, a, both: claim_preview.of_rows(s, a, *both, ())
    ),
    "preview.of_person": Try(
        lambda w: (w.app(), w.person()), lambda s, a, both: preview.of_person(s, a, *both)
    ),
    "trial.foresee": Try(
        lambda w: (w.app(), w.person()), lambda s, a, both: trial.foresee(s, a, _request(), *both)
    ),
    "checking.running.start": Try(World.app, running.start),
    "checking.running.stop": Try(_checked, running.stop),
    "checking.links.share": Try(World.app, links.share),
    "checking.links.withdraw": Try(_shared, links.withdraw),
    "error_links.share": Try(_failed_once, error_links.share),
    "error_links.withdraw": Try(_failed_once, error_links.withdraw),
    "record.blank": Try(_removed, record.blank),
    "record.export": Try(nothing, lambda s, a, _: list(record.export(s, a, Wanted(), "csv"))),
    "record.export_part": Try(nothing, lambda s, a, _: record.export_part(s, a, Wanted(), "csv")),
    "past_access.exporting.exported": Try(
        _past, lambda s, a, about: list(past_access.exported(s, a, about, "csv"))
    ),
    "streams.try_out": Try(
        nothing, _fails(streams.UnknownStream, lambda s, a, _: streams.try_out(s, a, "pigeon"))
    ),
    "programs.change_roles": Try(
        _program, lambda s, a, app: programs.change_roles(s, a, app, give=(RoleGrant("auditor"),))
    ),
    "tokens.create": Try(World.person, lambda s, a, one: tokens.create(s, a, one, "script", days=1)),
    "tokens.withdraw": Try(
        World.person, _fails(tokens.NoSuchToken, lambda s, a, one: tokens.withdraw(s, a, one, "unknown"))
    ),
    "client_hosts.end_grants": Try(nothing, lambda s, a, _: client_hosts.end_grants(s, a)),
    "client_hosts.allow": Try(nothing, lambda s, a, _: client_hosts.allow(s, a, "agent.example")),
    "client_hosts.refuse": Try(nothing, lambda s, a, _: client_hosts.refuse(s, a, "agent.example")),
    "client_hosts.forget": Try(
        nothing, _fails(client_hosts.NoSuchHost, lambda s, a, _: client_hosts.forget(s, a, "nobody.example"))
    ),
    "attributes.add": Try(_number, lambda s, a, n: attributes.add(s, a, f"attribute_{n}", {})),
    "attributes.change": Try(_attribute, lambda s, a, name: attributes.change(s, a, name, {"label": "Another"})),
    "attributes.remove": Try(_attribute, attributes.remove),
    "histories.attributes.undo": Try(_undoable_attribute, attribute_history.undo),
    "attribute_writing.write": Try(_desk, lambda s, a, one: attribute_writing.write(s, a, one, {"desk_place": "7"})),
    "details_types.put": Try(
        nothing, lambda s, a, _: details_types.put(s, a, details_types.Wish(name="payment", schema={}))
    ),
    "details_types.remove": Try(
        nothing, _fails(details_types.NoSuchType, lambda s, a, _: details_types.remove(s, a, "unknown"))
    ),
    "registration_tokens.create": Try(
        nothing, lambda s, a, _: registration_tokens.create(s, a, "CI", Policy(), most=1, days=1)
    ),
    "registration_tokens.withdraw": Try(
        nothing,
        _fails(registration_tokens.NoSuchToken, lambda s, a, _: registration_tokens.withdraw(s, a, "unknown")),
    ),
    "registrations.approve": Try(_registration, registrations.approve),
    "registrations.refuse": Try(_registration, registrations.refuse),
    "reviews.starting.start": Try(_to_review, reviews.start),
    "reviews.deciding.decide": Try(_review, lambda s, a, one: reviews.decide(s, a, one, (), "keep")),
    "reviews.ending.end_now": Try(_review, reviews.end_now),
    "reviews.ending.stop": Try(_review, reviews.stop),
    "reviews.ending.settle": Try(_review, lambda s, a, one: reviews.settle(s, a, one, "done")),
    "requests.grant": Try(World.asked, requests.grant),
    "requests.decline": Try(World.asked, lambda s, a, asked: requests.decline(s, a, asked, "no")),
    "service_providers.register": Try(
        World.person,
        lambda s, a, one: service_providers.register(
            s, a, from_acs(f"https://{one.username}.example", ("https://sp.example/acs",)), App(kind="saml", name="SP")
        ),
    ),
    "service_providers.refresh": Try(
        World.service_provider, _fails(E["metadata"], lambda s, a, app: service_providers.refresh(s, a, app))
    ),
    "sessions.end": Try(
        World.person, _fails(sessions.NoSuchSession, lambda s, a, one: sessions.end(s, a, one, "unknown"))
    ),
    "sessions.end_all": Try(World.person, sessions.end_all),
    "importing.verbs.carry_out": Try(_import, importing.carry_out),
    "planned_ends.plan": Try(World.person, lambda s, a, one: planned_ends.plan(s, a, one, s.clock() + 60, "UTC")),
    "planned_ends.withdraw": Try(World.person, planned_ends.withdraw),
    "turning_off.shut_out": Try(World.person, turning_off.shut_out),
    "turning_off.turn_off": Try(World.person, turning_off.turn_off),
    "turning_off.turn_on": Try(World.person, turning_off.turn_on),
}  # fmt: skip


def _source(world: World) -> Any:
    from idp.saml.metadata import sources

    draft = SourceDraft("mdq", f"https://{next(world.numbers)}.invalid/mdq", (certificate(),))
    return sources.add(world.services, draft)


ROOMS: Final = sorted({name.rpartition(".")[0] for name in WHO_MAY})


def test_C1_every_line_of_the_matrix_is_tried() -> None:
    assert TRIES.keys() == WHO_MAY.keys()


@pytest.mark.parametrize("room", ROOMS)
def test_S59_C1_each_verb_lets_in_whom_the_matrix_names_and_changes_nothing_for_others(
    provider: Provider, room: str
) -> None:
    world = World(provider)
    for name, one in TRIES.items():
        if name.rpartition(".")[0] != room:
            continue
        for who, actor in world.actors.items():
            about = one.prepare(world)
            before = [event.id for event in provider.events()]
            if who in WHO_MAY[name].split():
                one.run(world.services, actor, about)
                continue
            with pytest.raises(NotAllowed):
                pytest.fail(f"{who} may {name}: {one.run(world.services, actor, about)}")
            assert [event.id for event in provider.events()] == before, f"{name} by {who}"


def test_C2_no_verb_about_a_person_is_for_one_who_may_do_less_than_they(provider: Provider) -> None:
    world = World(provider)
    owner = world.services.directory.get(world.actors["owner"].id)
    for name, one in TRIES.items():
        if one.prepare is not World.person or name in (
            "groups.make",
            "people.add",
            "service_providers.register",
            "provisioners.make",
        ):
            continue
        for who in ("admin", "help_desk"):
            with pytest.raises(NotAllowed):
                pytest.fail(f"{who} may {name} an owner: {one.run(world.services, world.actors[who], owner)}")
    assert world.services.directory.get(owner.id) == owner


def test_C2_nobody_is_added_with_roles_by_whoever_may_not_give_them(provider: Provider) -> None:
    world = World(provider)
    draft = Draft(username="king", roles=("owner",))
    with pytest.raises(NotAllowed):
        people.add(world.services, world.actors["admin"], draft, by_mail=False)
    assert world.services.directory.find_by_login("king") is None
    assert people.add(world.services, world.actors["owner"], draft, by_mail=False).person.roles == ("owner",)


def test_C2_nobody_agrees_to_a_code_in_the_name_of_somebody_else(provider: Provider) -> None:
    world = World(provider)
    admin, desk = (world.services.directory.get(world.actors[who].id) for who in ("admin", "help_desk"))
    person = _with_code(world)
    with pytest.raises(NotAllowed):
        factors.approve_code(world.services, world.actors["help_desk"], person, admin)
    wish = factors.Wish(reason="lost", approver=admin)
    with pytest.raises(NotAllowed):
        factors.issue_code(world.services, world.actors["help_desk"], person, wish)
    assert factors.approve_code(world.services, world.actors["help_desk"], person, desk).approved_by == desk.id
    assert factors.issue_code(world.services, SHELL, person, wish).approved_by == admin.id


def test_C2_a_file_is_for_those_who_look_after_all_of_what_it_declares(provider: Provider) -> None:
    world = World(provider)
    client = world.app()
    text = f'[[application]]\nid = "{client.id}"\nname = "Renamed"\n'
    entries = read([File("apps.toml", text)], KINDS)
    shown = planning.plan(world.services, entries, ["apps.toml"])
    for who in ("app_admin:own", "app_admin:other", "help_desk", "auditor"):
        with pytest.raises(NotAllowed):
            applying.apply(world.services, world.actors[who], entries, ["apps.toml"], shown)
    assert world.services.registry.get(client.id).name == client.name
