"""Sources of metadata over real HTTP: refreshed, never made worse, bounded, and nobody's way into the network."""

# ruff: noqa: F811 - pytest hands fixtures over by name

from __future__ import annotations

import resource
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest

from clients.access import Access
from clients.client import Client
from clients.errors import InvalidMetadata
from clients.registry import Draft
from idp.audit import tail
from idp.protocols import Services
from idp.saml.messages.xml import serialize
from idp.saml.metadata import aggregates, reading, sources
from idp.saml.metadata.lexical import BadMetadata
from idp.saml.metadata.sources import Origin, SourceDraft, fetching, lookup, scheduling, store
from idp.saml.metadata.sources.refresh_result import SOONEST, USUAL
from idp.saml.metadata.sources.refreshing import LEASE
from idp.saml.metadata.sources.store import Source
from tests.backends import Clock
from tests.provider import Provider
from tests.saml.documents import acs, aggregate, federated, key, signed, sp
from tests.saml.pairs import rsa_pair
from tests.saml.publishing import ENTITY, PINNED, Publisher, publisher, refresh, services, stamp  # noqa: F401
from tests.test_http import Canary, Site, canary, connects, reply, serving  # noqa: F401

DAY = 86_400.0
SP1, SP2, SP3 = (f"https://sp0000{n}.example.org/shibboleth" for n in (1, 2, 3))


def federation(clock: Clock, *numbers: int, days: float = 14, created: float | None = 0.0, **how: Any) -> bytes:
    """A signed aggregate, published `created` seconds from now, valid for some days."""
    instant = None if created is None else stamp(clock() + created)
    made = aggregate((federated(n) for n in numbers), stamp(clock() + days * DAY), instant)
    return signed(made, **how)


def add(services: Services, url: str, kind: str = "aggregate", **how: Any) -> Source:
    source = sources.add(services, SourceDraft(kind, url, PINNED, **how))
    sources.refresh(services, source.id)
    found = sources.find(services, source.id)
    assert found is not None
    return found


def refusal(call: Callable[[], object]) -> str:
    with pytest.raises((BadMetadata, InvalidMetadata)) as caught:
        call()
    return str(caught.value)


def find(services: Services, entity_id: str) -> Client:
    found = sources.find_service_provider(services, entity_id)
    assert found is not None
    assert found.saml is not None
    return found


def register(services: Services, url: str, **settings: Any) -> Client:
    found, draft = sources.read_url(services, url), Draft(kind="saml", metadata=settings)
    return sources.register(services, found, draft, origin=Origin(url)).client


# -- one service provider's own URL ------------------------------------------------------------------------------------


def test_a_url_is_read_again_and_the_admins_settings_stay(
    services: Services, publisher: Publisher, clock: Clock
) -> None:
    url = publisher.put("/sp", sp(key("signing", "a") + acs("https://sp.example/acs")))
    client = register(services, url, sign="response", attributes={"mail": "email"})
    publisher.put("/sp", sp(key("signing", "a") + key("signing", "b") + acs("https://sp.example/new")))
    outcome = sources.refresh_client(services, client)
    assert outcome.changed == 1
    found = find(services, ENTITY)
    assert found.saml is not None
    assert found.saml.acs_locations == {"https://sp.example/new"}
    assert len(found.saml.signing_certificates) == 2
    assert found.saml.sign == "response"
    assert isinstance(found.saml.attributes, tuple)
    # keycloak#52106: at once, in this process; elsewhere within seconds.
    assert services.registry.get(client.id).saml is found.saml
    assert sources.refresh_client(services, client).changed == 0
    (event,) = [e for e in tail(services.db, 50) if e.action == "client:update"]
    assert set(event.detail["changed"]) == {"sp_metadata.acs", "sp_metadata.signing_certificates"}
    assert event.actor == "system"


def test_the_job_refreshes_what_is_due_and_nothing_else(services: Services, publisher: Publisher, clock: Clock) -> None:
    client = register(services, publisher.put("/sp", sp(entity='cacheDuration="PT1H"')))
    sources.schedule(services)
    assert sources.refresh_due(services) == 0
    clock.advance(SOONEST + 1)
    assert sources.refresh_due(services) == 1
    assert sources.refresh_due(services) == 0  # claimed by that job
    (job,) = services.jobs.pending()
    assert client.saml is not None
    assert job.payload == {"source": client.saml.source}
    scheduling.run(services, str(job.payload["source"]))
    source = sources.list_all(services)[0]
    assert source.next_at == clock() + 3600
    assert source.checked_at == clock()


def test_a_job_that_was_lost_is_done_by_another_one(services: Services, publisher: Publisher, clock: Clock) -> None:
    register(services, publisher.put("/sp", sp()))
    sources.schedule(services)
    clock.advance(SOONEST + 1)
    assert sources.refresh_due(services) == 1
    clock.advance(LEASE)
    assert sources.refresh_due(services) == 1


@pytest.mark.parametrize("kind", ["aggregate", "entity"])
def test_IIP_MD04_the_last_good_copy_stands_and_the_alarm_rings_once(
    services: Services, publisher: Publisher, clock: Clock, kind: str
) -> None:
    if kind == "entity":
        good = sp(entity=f'validUntil="{stamp(clock() + DAY)}"')
        client = register(services, publisher.put("/x", good))
        entity_id = ENTITY
    else:
        good = federation(clock, 1, days=1)
        add(services, publisher.put("/x", good))
        entity_id = SP1
        client = find(services, SP1)
    source = sources.list_all(services)[0]
    bad: list[bytes | int] = [500, 404, b"", b"<html/>", good[:-20], sp(entity='validUntil="2020-01-01T00:00:00Z"')]
    for document in bad:
        publisher.put("/x", document)
        refusal(lambda: refresh(services, source))
        assert find(services, entity_id).metadata == client.metadata
    found = sources.find(services, source.id)
    assert found is not None
    assert (found.failures, bool(found.error)) == (len(bad), True)
    assert clock() < found.next_at <= clock() + USUAL
    assert [e.action for e in tail(services.db, 100)].count("source:failed") == 1
    # … until its validUntil, and no longer.
    now = find(services, entity_id).saml
    assert now is not None
    assert now.is_current(clock() + DAY - 2)
    assert not now.is_current(clock() + DAY + 1)
    publisher.put("/x", sp() if kind == "entity" else federation(clock, 1, created=1))
    refresh(services, source)
    assert "source:recovered" in [e.action for e in tail(services.db, 100)]
    now = find(services, entity_id).saml
    assert now is not None
    assert now.is_current(clock() + DAY + 1)


def test_threat_21_a_url_that_suddenly_speaks_for_somebody_else_changes_nothing(
    services: Services, publisher: Publisher
) -> None:
    url = publisher.put("/sp", sp())
    client = register(services, url)
    publisher.put("/sp", sp(entity_id="https://victim.example"))
    assert "no service provider with the entityID" in refusal(lambda: sources.refresh_client(services, client))
    assert sources.find_service_provider(services, "https://victim.example") is None


def test_threat_21_a_second_registration_of_an_entity_id_is_refused(services: Services, publisher: Publisher) -> None:
    client = register(services, publisher.put("/sp", sp()))
    url = publisher.put("/evil", sp(acs("https://evil.example/acs")))
    assert "is registered already" in refusal(lambda: register(services, url))
    assert find(services, ENTITY).id == client.id
    assert len(sources.list_all(services)) == 1


def test_a_pinned_key_holds_for_its_source(services: Services, publisher: Publisher, clock: Clock) -> None:
    url = publisher.put("/sp", signed(sp()))
    found = sources.read_url(services, url, certificates=PINNED)
    client = sources.register(services, found, origin=Origin(url, PINNED)).client
    publisher.put("/sp", signed(sp(acs("https://sp.example/2"))))
    sources.refresh_client(services, client)
    for document in (
        sp(acs("https://evil.example/acs")),
        signed(sp(acs("https://evil.example/acs")), rsa_pair("evil")),
    ):
        publisher.put("/sp", document)
        assert "not signed by the pinned key" in refusal(lambda: sources.refresh_client(services, client))
    saml = find(services, ENTITY).saml
    assert saml is not None
    assert saml.acs_locations == {"https://sp.example/2"}


def test_a_removed_application_is_asked_about_no_more(services: Services, publisher: Publisher, clock: Clock) -> None:
    client = register(services, publisher.put("/sp", sp()))
    services.registry.remove(client.id)
    source = sources.list_all(services)[0]
    asked = len(publisher.asked)
    for _ in range(40):
        clock.advance(DAY)
        if sources.find(services, source.id) is not None:
            refresh(services, source)
    assert len(publisher.asked) == asked
    assert sources.list_all(services) == []


def test_metadata_given_by_hand_is_replaced_by_hand(services: Services) -> None:
    found = reading.read(sp(key(None) + acs("https://sp.example/acs")), services.clock())
    client = sources.register(services, found, Draft(kind="saml", metadata={"sign": "assertion"})).client
    assert "given by hand" in refusal(lambda: sources.refresh_client(services, client))
    newer = reading.read(sp(acs("https://sp.example/new")), services.clock())
    assert sources.replace_metadata(services, client, newer, "cli:ann")
    assert not sources.replace_metadata(services, find(services, ENTITY), newer, "cli:ann")
    other = reading.read(sp(entity_id="urn:other"), services.clock())
    assert "not of this application" in refusal(lambda: sources.replace_metadata(services, client, other, "cli:ann"))
    saml = find(services, ENTITY).saml
    assert saml is not None
    assert (saml.sign, saml.acs_locations) == ("assertion", {"https://sp.example/new"})


def test_a_validity_that_only_moves_on_is_written_rarely_and_told_never(
    services: Services, publisher: Publisher, clock: Clock
) -> None:
    client = register(services, publisher.put("/sp", sp(entity=f'validUntil="{stamp(clock() + 2 * DAY)}"')))
    version = services.registry.version
    for hours in (1, 2, 3):
        clock.advance(3600)
        publisher.put("/sp", sp(entity=f'validUntil="{stamp(clock() + 2 * DAY)}"'))
        assert sources.refresh_client(services, client).changed == 0, hours
        assert services.registry.version == version
    clock.advance(DAY)
    publisher.put("/sp", sp(entity=f'validUntil="{stamp(clock() + 2 * DAY)}"'))
    sources.refresh_client(services, client)
    assert services.registry.version > version
    assert "client:update" not in [e.action for e in tail(services.db, 50)]
    # A shorter one counts at once.
    publisher.put("/sp", sp(entity=f'validUntil="{stamp(clock() + 600)}"'))
    sources.refresh_client(services, client)
    saml = find(services, ENTITY).saml
    assert saml is not None
    assert not saml.is_current(clock() + 601)


# -- threat 22: the way there ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "url",
    ["http://127.0.0.1:{port}/", "https://127.0.0.1:{port}/", "https://[::1]:{port}/", "https://localhost:{port}/",
     "https://169.254.169.254/latest/", "https://10.1.2.3/", "https://2130706433:{port}/", "file:///etc/passwd",
     "gopher://127.0.0.1:{port}/", "ftp://sp.example/", "https://user:pw@127.0.0.1:{port}/", "/etc/passwd"],
)  # fmt: skip
def test_threat_22_no_source_reaches_into_the_network(
    services: Services,
    canary: Canary,
    url: str,
) -> None:
    here = url.format(port=canary.port)
    assert refusal(lambda: sources.read_url(services, here))
    assert refusal(lambda: sources.refresh(services, sources.add(services, SourceDraft("aggregate", here, PINNED)).id))
    assert canary.hits == 0


def test_threat_21_plain_http_needs_a_pinned_key(services: Services) -> None:
    assert "plain http can be changed" in refusal(lambda: sources.read_url(services, "http://sp.example/metadata"))
    fetching.check_url("http://sp.example/metadata", is_signed=True)
    fetching.check_url("http://127.0.0.1:5000/metadata", is_signed=False)


def test_IIP_MD02_a_source_may_move(services: Services, publisher: Publisher) -> None:
    publisher.put("/new", sp())
    publisher.site.answer = lambda handler: (
        publisher._answer(handler) if handler.path == "/new" else reply(handler, b"", 302, location="/new")
    )
    assert sources.read_url(services, publisher.site.origin + "/old").entity_id == ENTITY


def test_a_document_of_more_than_a_megabyte_is_for_aggregates(services: Services, publisher: Publisher) -> None:
    url = publisher.put("/sp", sp() + b" " * reading.MAX_BYTES)
    assert "longer than 1048576 bytes" in refusal(lambda: sources.read_url(services, url))


# -- aggregates --------------------------------------------------------------------------------------------------------


def test_an_aggregate_is_kept_and_an_application_made_at_its_first_sign_in(
    services: Services, publisher: Publisher, clock: Clock
) -> None:
    source = add(
        services, publisher.put("/fed", federation(clock, 1, 2, 3)), defaults={"attributes": "eduperson"},
        access=Access.only(groups=["staff"]),
    )  # fmt: skip
    assert sources.count_entities(services, source.id) == 3
    assert services.registry.list() == []
    client = find(services, SP2)
    assert (client.name, client.access.groups) == ("Service 2", {"staff"})
    assert client.saml is not None
    assert (client.saml.attributes, client.saml.source) == ("eduperson", source.id)
    assert client.saml.valid_until == pytest.approx(clock() + 14 * DAY, abs=1)
    assert find(services, SP2).id == client.id
    assert len(services.registry.list()) == 1
    (event,) = [e for e in tail(services.db, 20) if e.action == "client:register"]
    assert event.actor == f"source:{source.id}"
    for unknown in ("urn:unknown", "", "a b", "x" * 2000, "\0", "'"):
        assert sources.find_service_provider(services, unknown) is None


def test_what_an_aggregate_changes_reaches_the_application_and_its_settings_stay(
    services: Services, publisher: Publisher, clock: Clock
) -> None:
    source = add(services, publisher.put("/fed", federation(clock, 1, 2)))
    client = find(services, SP1)
    services.registry.update(client.id, {"sign": "response"}, name="Our name")
    clock.advance(DAY)
    changed = federated(1)
    role = changed[-1]
    role[-2].set("Location", "https://sp00001.example.org/new")
    publisher.put("/fed", signed(aggregate([changed, federated(2)], stamp(clock() + 14 * DAY), stamp(clock()))))
    outcome = refresh(services, source)
    assert (outcome.entities, outcome.changed, outcome.removed) == (2, 1, 0)
    found = find(services, SP1)
    assert (found.id, found.name) == (client.id, "Our name")
    assert found.saml is not None
    assert "https://sp00001.example.org/new" in found.saml.acs_locations
    assert found.saml.sign == "response"


def test_what_leaves_an_aggregate_ends_and_what_comes_back_goes_on(
    services: Services, publisher: Publisher, clock: Clock
) -> None:
    source = add(services, publisher.put("/fed", federation(clock, 1, 2, 3)))
    client = find(services, SP1)
    clock.advance(60)
    publisher.put("/fed", federation(clock, 3))
    outcome = refresh(services, source)
    assert (outcome.entities, outcome.removed) == (1, 2)
    assert sources.find_service_provider(services, SP2) is None
    gone = find(services, SP1)
    assert gone.saml is not None
    assert not gone.saml.is_current(clock())
    clock.advance(60)
    publisher.put("/fed", federation(clock, 1, 3))
    refresh(services, source)
    back = find(services, SP1)
    assert back.id == client.id
    assert back.saml is not None
    assert back.saml.is_current(clock())


@pytest.mark.parametrize("has_instant", [True, False])
def test_threat_21_an_older_publication_is_refused(
    services: Services, publisher: Publisher, clock: Clock, has_instant: bool
) -> None:
    instant = 0.0 if has_instant else None
    old = federation(clock, 1, 2, created=instant)
    clock.advance(DAY)
    source = add(services, publisher.put("/fed", federation(clock, 2, created=instant)))
    publisher.put("/fed", old)
    assert "older than what is known" in refusal(lambda: refresh(services, source))
    assert sources.find_service_provider(services, SP1) is None
    assert refresh(services, source, accept_older=True).entities == 2


def test_threat_21_leaving_out_how_old_it_is_is_no_way_around(
    services: Services, publisher: Publisher, clock: Clock
) -> None:
    old = federation(clock, 1, created=None, days=10)
    clock.advance(DAY)
    source = add(services, publisher.put("/fed", federation(clock, 2)))
    publisher.put("/fed", old)
    assert refusal(lambda: refresh(services, source))


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda clock: serialize(aggregate([federated(1)], stamp(clock() + DAY))), "not signed by the pinned key"),
        (lambda clock: federation(clock, 1, pair=rsa_pair("evil")), "not signed by the pinned key"),
        (lambda clock: federation(clock, 1).replace(b"sp00001", b"sp00009"), "not signed by the pinned key"),
        (lambda clock: signed(aggregate([federated(1)], None)), "no validUntil"),
        (lambda clock: federation(clock, 1, days=-1), "ended on"),
        (lambda clock: federation(clock, 1, days=31), "more than 30 days away"),
        (lambda clock: federation(clock, 1, 1), "same entityID"),
        (lambda clock: b"<!DOCTYPE x>" + federation(clock, 1), "DTD"),
        (lambda clock: b"<html/>", "not signed"),
        (lambda clock: b"", "not XML"),
    ],
)
def test_threat_21_an_aggregate_that_cannot_be_trusted_brings_nothing(
    services: Services, publisher: Publisher, clock: Clock, make: Callable[[Clock], bytes], said: str
) -> None:
    source = sources.add(services, SourceDraft("aggregate", publisher.put("/fed", make(clock)), PINNED))
    assert said in refusal(lambda: refresh(services, source))
    assert sources.count_entities(services, source.id) == 0
    assert sources.find_service_provider(services, SP1) is None


def test_threat_21_an_aggregate_takes_over_nobody(services: Services, publisher: Publisher, clock: Clock) -> None:
    mine = reading.read(sp(entity_id=SP1), clock())
    by_hand = sources.register(services, mine).client
    first = add(services, publisher.put("/fed", federation(clock, 1, 2)))
    assert find(services, SP1).id == by_hand.id
    assert find(services, SP1).metadata["sp_metadata"] == mine.facts
    second = sources.add(services, SourceDraft("aggregate", publisher.put("/other", federation(clock, 2, 3)), PINNED))
    outcome = refresh(services, second)
    assert any("another source's already" in note and SP2 in note for note in outcome.notes)
    client = find(services, SP2)
    assert client.saml is not None
    assert client.saml.source == first.id
    # Nor when the first one lets go of what is in use.
    clock.advance(60)
    publisher.put("/fed", federation(clock, 9))
    refresh(services, first)
    publisher.put("/other", federation(clock, 2, 3))
    refresh(services, second)
    found = find(services, SP2)
    assert found.saml is not None
    assert found.saml.source == first.id
    assert not found.saml.is_current(clock())


def test_an_application_that_an_admin_removed_stays_away(
    services: Services, publisher: Publisher, clock: Clock
) -> None:
    source = add(services, publisher.put("/fed", federation(clock, 1)))
    services.registry.remove(find(services, SP1).id)
    assert sources.find_service_provider(services, SP1) is None
    refresh(services, source)
    assert sources.find_service_provider(services, SP1) is None


def test_one_broken_service_provider_does_not_keep_the_others_out(
    services: Services, publisher: Publisher, clock: Clock
) -> None:
    broken = federated(1)
    for node in broken[-1].iter("{*}AssertionConsumerService"):
        node.set("Location", "javascript:alert(1)")
    publisher.put("/fed", signed(aggregate([broken, federated(2)], stamp(clock() + DAY))))
    source = sources.add(services, SourceDraft("aggregate", publisher.site.origin + "/fed", PINNED))
    outcome = refresh(services, source)
    assert outcome.entities == 1
    assert SP1 in outcome.notes[0]
    assert find(services, SP2).name == "Service 2"


def test_an_aggregate_needs_a_pinned_key(services: Services, publisher: Publisher) -> None:
    url = publisher.site.origin + "/fed"
    assert "pin the key" in refusal(lambda: sources.add(services, SourceDraft("aggregate", url, ())))
    assert "cannot be used" in refusal(lambda: sources.add(services, SourceDraft("aggregate", url, ("AAAA",))))
    assert "sign: expected" in refusal(
        lambda: sources.add(services, SourceDraft("mdq", url, PINNED, defaults={"sign": "x"}))
    )
    sources.add(services, SourceDraft("aggregate", url, PINNED))
    assert "is a source already" in refusal(lambda: sources.add(services, SourceDraft("aggregate", url, PINNED)))


def test_what_a_forgotten_source_brought_is_turned_off(services: Services, publisher: Publisher, clock: Clock) -> None:
    source = add(services, publisher.put("/fed", federation(clock, 1, 2)))
    client = find(services, SP1)
    assert sources.remove(services, source.id) == 1
    assert not services.registry.get(client.id).enabled
    assert sources.find_service_provider(services, SP2) is None
    assert sources.list_all(services) == []
    by_url = register(services, publisher.put("/sp", sp()))
    assert sources.remove(services, sources.list_all(services)[0].id) == 0
    kept = services.registry.get(by_url.id)
    assert kept.enabled
    assert kept.saml is not None
    assert kept.saml.source is None


def test_the_child_that_reads_an_aggregate_knows_no_secret(
    services: Services, publisher: Publisher, clock: Clock, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("DOORWARD_MASTER_KEY", "top secret")
    seen: list[Any] = []
    run = aggregates.subprocess.run
    monkeypatch.setattr(aggregates.subprocess, "run", lambda *a, **k: (seen.append(k["env"]), run(*a, **k))[1])
    add(services, publisher.put("/fed", federation(clock, 1)))
    assert set(seen[0]) == {"PATH", "PYTHONPATH", "LANG"}


def test_nothing_is_left_behind_in_the_data_folder(services: Services, publisher: Publisher, clock: Clock) -> None:
    before = {p.name for p in services.settings.data_dir.iterdir()}
    source = add(services, publisher.put("/fed", federation(clock, 1)))
    publisher.put("/fed", b"<x/>")
    refusal(lambda: refresh(services, source))
    after = {p.name for p in services.settings.data_dir.iterdir()}
    assert {name for name in after - before if "metadata" in name} == set()


# -- MDQ ---------------------------------------------------------------------------------------------------------------


def answer(clock: Clock, number: int, days: float = 7, **how: Any) -> bytes:
    entity = federated(number)
    entity.set("validUntil", stamp(clock() + days * DAY))
    entity.set("cacheDuration", "PT6H")
    return signed(entity, **how)


@pytest.mark.spec("IIP-MD01")
def test_IIP_MD01_an_mdq_server_is_asked_for_whom_nobody_knows(
    services: Services, publisher: Publisher, clock: Clock
) -> None:
    add(services, publisher.site.origin + "/mdq/", "mdq")
    publisher.put("/mdq/entities/https%3A%2F%2Fsp00001.example.org%2Fshibboleth", answer(clock, 1))
    client = find(services, SP1)
    assert (client.name, len(publisher.asked)) == ("Service 1", 1)
    assert find(services, SP1).id == client.id
    assert len(publisher.asked) == 1


def test_IIP_MD01_and_by_the_hash_of_its_name(services: Services, publisher: Publisher, clock: Clock) -> None:
    add(services, publisher.site.origin + "/mdq", "mdq", sha1=True)
    # MDQ SAML profile §3.2.3 has this name and this hash.
    assert fetching.mdq_url("https://x", "http://example.org/service", sha1=True) == (
        "https://x/entities/%7Bsha1%7D11d72e8cf351eb6c75c721e838f469677ab41bdb"
    )
    publisher.put(fetching.mdq_url("/mdq", SP1, sha1=True), answer(clock, 1))
    assert find(services, SP1).name == "Service 1"


@pytest.mark.parametrize(
    "entity_id",
    ["../../admin", "urn:a b", "https://x/?a=b&c#d", "urn:ü", "a/b/../c", "%2e%2e", "x\r\nHost: evil", "urn:'"],
)
def test_threat_22_a_strangers_name_does_not_choose_the_path(
    services: Services, publisher: Publisher, entity_id: str
) -> None:
    add(services, publisher.site.origin + "/mdq", "mdq")
    assert sources.find_service_provider(services, entity_id) is None
    for path in publisher.asked:
        head, _, tail_ = path.rpartition("/")
        assert head == "/mdq/entities"
        assert unquote(tail_) == entity_id


@pytest.mark.parametrize(
    "make",
    [
        lambda clock: answer(clock, 2),
        lambda clock: answer(clock, 1, pair=rsa_pair("evil")),
        lambda clock: serialize(federated(1)),
        lambda clock: signed(federated(1)),
        lambda clock: answer(clock, 1, days=60),
        lambda clock: answer(clock, 1, days=-1),
        lambda clock: 500,
        lambda clock: b"<html/>",
    ],
    ids=["another one's", "other key", "unsigned", "no end", "too far", "past", "error", "a page"],
)
def test_threat_21_an_answer_that_cannot_be_trusted_makes_no_application(
    services: Services, publisher: Publisher, clock: Clock, make: Callable[[Clock], bytes | int]
) -> None:
    add(services, publisher.site.origin + "/mdq", "mdq")
    publisher.put(fetching.mdq_url("/mdq", SP1), make(clock))
    assert sources.find_service_provider(services, SP1) is None
    assert services.registry.list() == []


def test_strangers_cannot_make_us_ask_without_end(services: Services, publisher: Publisher, clock: Clock) -> None:
    add(services, publisher.site.origin + "/mdq", "mdq")
    for _ in range(3):
        assert sources.find_service_provider(services, "urn:unknown") is None
    assert len(publisher.asked) == 1
    for number in range(100):
        sources.find_service_provider(services, f"urn:{number}")
    assert len(publisher.asked) == lookup.MDQ_PER_MINUTE
    clock.advance(lookup.MDQ_FORGET + 1)
    sources.find_service_provider(services, "urn:unknown")
    assert publisher.asked[-1].endswith("/urn%3Aunknown")


def test_what_an_mdq_server_brought_is_refreshed_and_ends_when_it_is_gone(
    services: Services, publisher: Publisher, clock: Clock
) -> None:
    source = add(services, publisher.site.origin + "/mdq", "mdq")
    path = fetching.mdq_url("/mdq", SP1)
    publisher.put(path, answer(clock, 1))
    old = answer(clock, 1)
    client = find(services, SP1)
    clock.advance(5 * DAY)
    publisher.put(path, answer(clock, 1))
    assert refresh(services, source).entities == 1
    saml = find(services, SP1).saml
    assert saml is not None
    assert saml.valid_until == pytest.approx(clock() + 7 * DAY, abs=1)
    assert sources.list_all(services)[0].next_at == clock() + 6 * 3600
    publisher.put(path, old)
    assert "older than what is known" in refusal(lambda: refresh(services, source))
    publisher.put(path, 404)
    assert refresh(services, source).removed == 1
    gone = find(services, SP1)
    assert gone.saml is not None
    assert not gone.saml.is_current(clock())
    publisher.put(path, answer(clock, 1, days=8))
    clock.advance(60)
    refresh(services, source)
    back = find(services, SP1)
    assert back.id == client.id
    assert back.saml is not None
    assert back.saml.is_current(clock())


# -- ten thousand ------------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_ten_thousand_service_providers_are_taken_in_bounded_time_and_memory(
    services: Services, publisher: Publisher, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    peaks: list[float] = []
    monkeypatch.setattr(aggregates.subprocess, "run", partial(run_measured, subprocess.run, peaks))
    document = signed(
        aggregate((federated(n, pad=2600) for n in range(10_000)), stamp(clock() + 14 * DAY), stamp(clock()))
    )
    assert 55_000_000 < len(document) < aggregates.MAX_BYTES
    url = publisher.put("/fed", document)
    source = sources.add(services, SourceDraft("aggregate", url, PINNED))
    own, started, child = resident(), time.monotonic(), cpu()
    outcome = refresh(services, source)
    took, spent, grown = time.monotonic() - started, cpu() - child, resident() - own
    [peak] = peaks
    cost = f"child {spent:.1f} s CPU and {peak:.0f} MiB, we grew {grown:.0f} MiB"
    print(f"\n{len(document) / 1e6:.0f} MB: {took:.1f} s, {cost}")
    assert outcome.entities == outcome.changed == 10_000
    assert peak < 1024
    assert grown < 128
    assert spent < 60
    started = time.monotonic()
    assert find(services, "https://sp09999.example.org/shibboleth").name == "Service 9999"
    assert time.monotonic() - started < 1
    clock.advance(60)
    publisher.put("/fed", document)
    assert refresh(services, source).changed == 0
    assert sources.count_entities(services, source.id) == 10_000


# The most that any child of a process ever held is what the system tells of them: so the reader is the only child of
# a process of its own, and whatever else these tests have started is not taken for it.
ONLY_CHILD = """
import resource, subprocess, sys
done = subprocess.run(sys.argv[1:])
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024, file=sys.stderr)
sys.exit(done.returncode)
"""


def run_measured(
    run: Callable[..., subprocess.CompletedProcess[bytes]], peaks: list[float], command: list[str], **options: Any
) -> subprocess.CompletedProcess[bytes]:
    """As `run`, and the most memory that the command held, in MiB, is added to `peaks`."""
    done = run([sys.executable, "-c", ONLY_CHILD, *command], **options)
    peaks.append(float(done.stderr.splitlines()[-1]))
    return done


def resident() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 2**20


def cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


@pytest.mark.slow
def test_an_aggregate_that_needs_too_much_memory_is_refused(
    services: Services, publisher: Publisher, clock: Clock, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    document = tmp_path / "big.xml"
    document.write_bytes(b"<a>" + b"<b c=''/>" * 6_000_000 + b"</a>")
    with pytest.raises(BadMetadata):
        aggregates.split(document, tmp_path / "lines", PINNED, clock(), max_validity=DAY)


def test_a_store_that_is_full_of_sources_lists_them_by_name(services: Services) -> None:
    for name in ("b", "a"):
        sources.add(services, SourceDraft("mdq", f"https://{name}.example", PINNED, name=name))
    assert [s.name for s in store.list_sources(services.db)] == ["a", "b"]
    assert sources.get(services, "https://b.example").name == "b"
    assert "no source is called" in refusal(lambda: sources.get(services, "c"))


@pytest.mark.slow
def test_a_source_lives_on_postgresql_too(
    open_provider: Callable[..., Provider], publisher: Publisher, clock: Clock, postgresql_url: str
) -> None:
    outbound = {"allow": [publisher.site.origin]}
    services = open_provider(outbound=outbound, storage={"database_url": postgresql_url}).services
    source = add(services, publisher.put("/fed", federation(clock, 1, 2)))
    client = find(services, SP1)
    other = sources.add(services, SourceDraft("aggregate", publisher.put("/other", federation(clock, 2, 3)), PINNED))
    assert len(refresh(services, other).notes) == 1
    clock.advance(60)
    publisher.put("/fed", federation(clock, 4))
    assert refresh(services, source).removed == 2
    assert sources.find_service_provider(services, SP2) is None
    assert find(services, SP1).id == client.id
    sources.schedule(services)
    clock.advance(DAY)
    assert sources.refresh_due(services) == 2
    assert sources.remove(services, source.id) == 1
    assert "is registered already" in refusal(
        lambda: sources.register(services, reading.read(sp(entity_id=SP1), clock()))
    )
