"""`doorward key …`."""

from __future__ import annotations

from tests.cli.conftest import Folder


def states(site: Folder, alg: str) -> list[str]:
    keys = site.run("key", "list", "--json").json["keys"]
    return sorted(key["state"] for key in keys if key["alg"] == alg)


def test_K1_a_key_is_published_before_it_may_sign(site: Folder) -> None:
    assert states(site, "RS256") == ["active"]
    made = site.run("key", "rotate", "--alg", "RS256", "--json").json["keys"]
    assert [key["state"] for key in made] == ["next"]
    assert "until then apps may hold a JWKS without it" in site.refusal("key", "promote", "RS256", code=1)
    changes = site.run("key", "promote", "RS256", "--force", "--json").json["changes"]
    assert {change["to"] for change in changes} == {"retiring", "active"}
    assert states(site, "RS256") == ["active", "retiring"]
    old = next(change["kid"] for change in changes if change["to"] == "retiring")
    assert "no token that it signed is believed" in site.run("key", "withdraw", old).out
    assert states(site, "RS256") == ["active"]
    actions = [event["action"] for event in site.run("audit", "tail", "--json").json["events"]]
    assert actions[-3:] == ["key:rotate", "key:promote", "key:withdraw"]


def test_n38_a_second_rotation_makes_nothing_and_says_so(site: Folder) -> None:
    first = site.run("key", "rotate", "--alg", "RS256", "--json").json["keys"][0]
    before = site.run("key", "list", "--json").json
    events = len(site.run("audit", "tail", "-n", "500", "--json").json["events"])
    result = site.run("key", "rotate", "--alg", "RS256")
    assert f"RS256: nothing was made: {first['kid']} has been published since" in result.out
    assert "it signs from" in result.out
    assert f"doorward key promote {first['kid']}" in result.out
    assert "is published;" not in result.out
    assert site.run("key", "list", "--json").json == before
    assert len(site.run("audit", "tail", "-n", "500", "--json").json["events"]) == events
    again = site.run("key", "rotate", "--alg", "RS256", "--json").json["keys"][0]
    assert (again["kid"], again["made"]) == (first["kid"], False)


def test_n38_a_rotation_that_makes_a_key_says_from_when_servers_know_it(site: Folder) -> None:
    result = site.run("key", "rotate", "--alg", "PS256")
    if "signs now" not in result.out:
        assert "is published; it signs from" in result.out
    assert "Servers that run see it within 5 seconds." in result.out


def test_n38_nor_does_a_second_certificate_for_saml(site: Folder) -> None:
    first = site.run("key", "rotate", "--saml").out
    assert "stands in the metadata at" in first
    before = site.run("key", "list", "--json").json
    again = site.run("key", "rotate", "--saml").out
    assert again.startswith("Nothing was made: ")
    assert "stands in the metadata already" in again
    assert site.run("key", "list", "--json").json == before


def test_the_active_key_and_unknown_ones_are_not_withdrawn(site: Folder) -> None:
    active = next(k["kid"] for k in site.run("key", "list", "--json").json["keys"] if k["state"] == "active")
    assert "is the active key: promote another one first" in site.refusal("key", "withdraw", active)
    assert "no key of that id" in site.refusal("key", "withdraw", "nope")
    assert "HS256" in site.refusal("key", "rotate", "--alg", "HS256")


def test_K3_the_master_key_is_changed_and_the_old_one_opens_nothing(site: Folder) -> None:
    file = site.data / "master.key"
    old, keys = file.read_text().strip(), site.run("key", "list").out
    assert site.run("key", "master", "--rotate", "--json").json == {"master_key_file": str(file)}
    assert file.read_text().strip() != old
    assert file.stat().st_mode & 0o777 == 0o600
    assert not file.with_name("master.key.new").exists()
    assert site.run("key", "list").out == keys
    assert "is not the one this database" in site.refusal("key", "list", code=1, env={"DOORWARD_MASTER_KEY": old})


def test_K3_a_change_that_was_cut_off_after_the_database_had_it_is_finished(site: Folder) -> None:
    file = site.data / "master.key"
    old = file.read_bytes()
    assert site.run("key", "master", "--rotate").code == 0
    file.rename(file.with_name("master.key.new"))
    file.write_bytes(old)
    file.chmod(0o600)
    assert "is not the one this database" in site.refusal("key", "list", code=1)
    assert site.run("key", "master", "--rotate").code == 0
    assert site.spawn("key", "list").code == 0


def test_K3_a_master_key_from_the_environment_is_changed_into_a_file(site: Folder) -> None:
    value = (site.data / "master.key").read_text().strip()
    env = {"DOORWARD_MASTER_KEY": value}
    assert "--into: the master key comes from the environment" in site.refusal("key", "master", "--rotate", env=env)
    assert site.run("key", "master", "--rotate", "--into", "new.key", env=env).code == 0
    new = (site.path / "new.key").read_text().strip()
    assert site.run("key", "list", env={"DOORWARD_MASTER_KEY": new}).code == 0
    (site.data / "master.key").write_text(new)


def test_sweep_and_migrate_find_nothing_to_do_on_a_fresh_installation(site: Folder) -> None:
    assert set(site.run("sweep", "--json").json.values()) == {0}
    said = site.run("migrate", "--json").json
    assert said["before"] == said["after"]
