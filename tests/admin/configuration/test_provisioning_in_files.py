"""C5, Y1, Y2: what is written to applications, and directories that write here, in files: there, back, managed."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from idp.accounts.provisioning import clients
from idp.accounts.provisioning.clients import Wanted
from idp.admin import provisioners, provisioning
from idp.admin.managed import ManagedByFile
from idp.provisioning import keeping
from idp.provisioning.checking import InvalidTarget
from idp.provisioning.objects import Object
from idp.provisioning.target import MAPPING, Said
from tests.admin.configuration.conftest import Configured
from tests.admin.configuration.test_round_trip import Open, there_and_back

WIKI = '[[application]]\nname = "Wiki"\naccess = "everyone"\nredirect_uris = ["https://wiki.example.com/cb"]\n\n'
PLAIN = '[[provisioning]]\napplication = "Wiki"\nurl = "https://wiki.example.com/scim/v2"\n'
ENTRA = '[[scim_client]]\nname = "Entra"\n'
#: Each key of a target with something else than is usual; one without a value here fails below.
EVERYTHING: dict[str, Any] = {
    "url": "https://wiki.example.com/scim/v2", "token_url": "https://wiki.example.com/token", "token_client": "us",
    "token_scope": "scim", "mapping": {**MAPPING, "title": "title", "enterprise.department": "department"},
    "groups": "entitlements", "only": ("Sales",), "off": "delete", "adopts": True, "brake": 7, "brake_share": 33,
}  # fmt: skip


def nothing(*_: Any) -> None: ...


def targets(here: Configured) -> tuple[keeping.Target, ...]:
    return keeping.list_of(here.services.db)


def secret_file(folder: Path, token: str = "t0ken-of-the-wiki") -> str:
    (folder / "wiki.token").write_text(f"{token}\n")
    return f"secret_file = {json.dumps(str(folder / 'wiki.token'))}\n"


def test_c5_y2_everything_that_is_said_of_a_target_goes_there_and_back(configured: Configured, another: Open) -> None:
    assert set(EVERYTHING) == set(Said.__dataclass_fields__)
    services = configured.services
    for name, said in (("Zulip", Said(url="https://zulip.example.com/scim")), ("Wiki", Said(**EVERYTHING))):
        app = configured.provider.add_client(name)
        keeping.add(services.db, services.sealer, app.id, said, "t0ken", 1.0, record=nothing, on=name == "Wiki")
    there = another()
    text = there_and_back(configured, there)
    assert "t0ken" not in text
    assert all(f"\n{name} = " in text or f"\n[provisioning.{name}]" in text for name in EVERYTHING), text
    assert text.index("wiki.example.com/scim") < text.index("zulip.example.com/scim")  # by name, not as they came
    found = {one.client_id: one for one in targets(there)}
    for one in targets(configured):
        state = "stopped" if one.state == "on" else "off"  # without its token nothing is sent
        assert (found[one.client_id].said, found[one.client_id].state) == (one.said, state)


def test_c5_y2_a_token_stands_in_a_file_beside_and_without_one_nothing_is_sent(
    configured: Configured, tmp_path: Path
) -> None:
    plan = configured.plan(WIKI + PLAIN)
    assert any("without a secret_file nothing is sent" in one for one in plan.notes)
    configured.apply(WIKI + PLAIN)
    (one,) = targets(configured)
    assert (one.state, one.sealed) == ("stopped", "")
    with pytest.raises(InvalidTarget, match="no token"):
        provisioning.turn(configured.services, configured.actor, one.client_id, on=True)
    text = WIKI + PLAIN + secret_file(tmp_path)
    change = configured.change(text)
    assert [(one.name, one.before, one.after) for one in change.fields] == [("secret", None, "another one")]
    configured.apply(text)
    (one,) = targets(configured)
    assert (one.state, keeping.open_secret(configured.services.sealer, one)) == ("on", "t0ken-of-the-wiki")
    assert configured.changes(text) == ()
    assert configured.changes(WIKI + PLAIN) == ()  # who takes the line out keeps the token
    moved = WIKI + PLAIN.replace("wiki.example.com/scim", "other.example.com/scim")
    assert "secret_file: another address" in configured.faults(moved)[0]


def test_c5_y2_what_is_taken_out_goes_back_and_a_plan_says_what_breaks(configured: Configured, tmp_path: Path) -> None:
    text = WIKI + PLAIN + secret_file(tmp_path) + "brake = 5\n"
    configured.apply(text)
    services, (one,) = configured.services, targets(configured)
    for number, state in enumerate(("done", "done", "off")):
        keeping.put(services.db, Object(
            client_id=one.client_id, kind="user", local_id=str(number), remote_id=str(number), state=state,
        ))  # fmt: skip
    change = configured.change(text.replace("brake = 5\n", 'off = "delete"\nenabled = false\n'))
    assert {one.name: (one.before, one.after) for one in change.fields} == {
        "off": (None, "delete"), "enabled": (None, False), "brake": (5, None),
    }  # fmt: skip
    assert change.effects == (
        "nothing is sent to it: 2 people there stay as they are, also who is turned off here",
        "1 person, turned off there by now, will be deleted, as far as the brake lets them",
    )
    configured.apply(text.replace("brake = 5\n", "enabled = false\n"))
    (one,) = targets(configured)
    assert (one.said.brake, one.state) == (20, "off")
    configured.apply(text)
    assert targets(configured)[0].state == "on"
    (gone,) = configured.plan(WIKI, prune=True).changes
    assert gone.effects == ("2 people there stay as they are, and nobody is turned off there any more",)
    configured.apply(WIKI, prune=True)
    assert targets(configured) == ()


def test_c5_y2_what_is_wrong_has_its_line(configured: Configured) -> None:
    for line, told in (
        ('off = "burn"', "off: expected one of"), ("brake = true", "brake: expected a number"),
        ("mapping = { userName = 1 }", "mapping: expected a table"), ("mapping = {}", "mapping: userName is missing"),
        ('secret = "x"', "secret: unknown key"), ('secret_file = "nowhere"', "secret_file: cannot be read"),
    ):  # fmt: skip
        (fault,) = configured.faults(f"{WIKI}{PLAIN}{line}\n")
        assert "apps.toml:9: provisioning" in fault, fault
        assert told in fault
    assert "there is no application" in configured.faults(PLAIN)[0]
    assert "stands at" in configured.faults(WIKI + PLAIN + PLAIN.replace('"Wiki"', '"WIKI"'))[0]
    assert "url: is missing" in configured.faults(WIKI + '[[provisioning]]\napplication = "Wiki"\n')[0]


def test_c5_y1_directories_that_write_here_go_there_and_back_and_a_token_is_shown_once(
    configured: Configured, another: Open
) -> None:
    services = configured.services
    all_of_it: dict[str, Any] = {
        "users": "read", "groups": "no", "attributes": ("emails", "displayName"), "adopts": True, "trusts_mail": True,
        "invites": True,
    }  # fmt: skip
    made = clients.make(services.db, Wanted(name="Okta", **all_of_it), "cli:test", 1.0, record=nothing)
    clients.turn(services.db, made.client, on=False, record=nothing)
    clients.make(services.db, Wanted(name="Entra"), "cli:test", 1.0, record=nothing)
    there = another()
    text = there_and_back(configured, there)
    assert "dws_" not in text
    assert made.value.partition(".")[2] not in text
    assert [(one.name, one.is_off) for one in clients.list_of(there.services.db)] == [("Entra", False), ("Okta", True)]
    done = configured.apply(ENTRA + '[[scim_client]]\nname = "HR"\nusers = "write"\n')
    (hr,) = done.writers
    assert clients.find(services.db, hr.value, 2.0) == hr.client


def test_c5_y1_a_plan_says_whose_token_ends_and_what_is_taken_out_goes_back(configured: Configured) -> None:
    text = ENTRA + 'attributes = ["displayName"]\nadopts = true\n'
    change = configured.change(text)
    assert change.effects == ("a token is made; it is shown once",)
    (made,) = configured.apply(text).writers
    assert configured.changes(text) == ()
    services = configured.services
    configured.apply(ENTRA)
    (one,) = clients.list_of(services.db)
    assert (one.attributes, one.adopts) == (None, False)
    shown = clients.find(services.db, made.value, services.clock())
    assert shown is not None
    clients.touch(services.db, shown, services.clock())
    (off,) = configured.changes(ENTRA + "enabled = false\n")
    assert off.effects == (
        "its token opens nothing until it is turned on again",
        "it came within the last day: whoever is turned off there is not turned off here any more",
    )
    configured.apply(ENTRA + "enabled = false\n")
    assert clients.find(services.db, made.value, services.clock()) is None
    (gone,) = configured.plan("", prune=True).changes
    assert gone.effects[0] == "its token opens nothing any more; whom it made stays, and is yours"
    configured.apply("", prune=True)
    assert clients.list_of(services.db) == ()
    for line, told in (
        ('users = "all"', "users: expected write, read or no"),
        ('attributes = ["shoe"]', "attributes:"),
        ("attributes = []", "leave it out"),
    ):
        assert told in configured.faults(f"{ENTRA}{line}\n")[0]


def test_c5_what_a_file_manages_of_both_is_changed_by_hand_only_where_the_settings_let_it(
    another: Open, tmp_path: Path
) -> None:
    here = another(admin={"managed": "refuse"})
    here.apply(WIKI + PLAIN + secret_file(tmp_path) + ENTRA)
    services, actor = here.services, here.actor
    (target,), (writer,) = targets(here), clients.list_of(services.db)
    for verb in (
        lambda: provisioning.turn(services, actor, target.client_id, on=False),
        lambda: provisioning.change(services, actor, target.client_id, lambda one: replace(one, brake=3)),
        lambda: provisioning.remove(services, actor, target.client_id),
        lambda: provisioners.change(services, actor, writer, lambda _: Wanted(name="Entra", users="read")),
        lambda: provisioners.turn(services, actor, writer, on=False),
        lambda: provisioners.remove(services, actor, writer),
    ):
        with pytest.raises(ManagedByFile, match=r"apps\.toml"):
            verb()
    provisioning.change(services, actor, target.client_id, lambda one: one, "another")  # secrets are no file's
    provisioners.renew(services, actor, writer, at_once=False)
    provisioning.turn(services, actor, target.client_id, on=True)  # on is as it is declared


def test_c5_y2_a_target_moves_with_the_token_that_it_has(configured: Configured, tmp_path: Path) -> None:
    text = WIKI + PLAIN + secret_file(tmp_path)
    configured.apply(text)
    configured.apply(text.replace("https://wiki.example.com/", "https://wiki.other.example/"))
    (target,) = targets(configured)
    assert target.said.url.startswith("https://wiki.other.example/")
    assert target.sealed
