"""`doorward provision`: targets said, changed, shown, foreseen, sent, removed. Y2."""

from __future__ import annotations

from scim2_server.memory import InMemoryStorage
from scim2_server.testserver.application import BearerTokenApplication
from scim2_server.utils import load_default_provider

from tests.cli.conftest import CHEAP, Folder
from tests.provisioning.conftest import Served


def test_Y2_a_target_is_said_looked_at_sent_and_removed(site: Folder) -> None:
    storage = InMemoryStorage()
    served = Served(BearerTokenApplication(storage, load_default_provider(), bearer_tokens=["tok"]))
    (site.path / "doorward.toml").write_text(f'{CHEAP}[outbound]\nallow = ["{served.origin}"]\n')
    (site.path / "token").write_text("tok\n")
    (site.path / "wrong").write_text("other")
    site.run("client", "add", "oidc", "--name", "Wiki", "--redirect-uri", "https://wiki.example/cb")
    site.run("user", "add", "--username", "ann", "--name", "Ann Lee", "--group", "Sales", "--link")
    refuse = site.refusal
    assert "nothing is written to this application" in refuse("provision", "show", "Wiki")
    assert "--url" in refuse("provision", "add", "Wiki")
    assert "--secret-file" in refuse("provision", "add", "Wiki", "--url", served.url)
    assert "--url: expected" in refuse("provision", "add", "Wiki", "--url", "ftp://x", "--secret-file", "token")
    given = ("--url", served.url, "--secret-file", "wrong")
    assert "--map" in refuse("provision", "add", "Wiki", *given, "--map", "shoes=size")
    site.run("provision", "add", "Wiki", *given, "--map", "title==Staff")
    assert "written to it already" in refuse("provision", "add", "Wiki", *given)
    foreseen = site.run("provision", "dry-run", "Wiki", "--json").json["would"]
    (would,) = (one for one in foreseen if one["name"] == "ann")
    assert (would["what"], would["name"]) == ("make", "ann")
    assert site.run("provision", "sync", "Wiki", "--wait").code == 1
    assert "--secret-file FILE --on" in site.run("provision", "show", "Wiki").out
    assert site.run("provision", "list", "--json").json["targets"][0]["state"] == "stopped"
    site.run("provision", "change", "Wiki", "--secret-file", "token", "--on", "--off-means", "delete")
    assert site.run("provision", "test", "Wiki", "--json").json["ok"] is True
    sent = site.run("provision", "sync", "Wiki", "--wait", "--json").json
    assert sent["counts"] == {"user": {"done": 2}, "group": {"done": 1}}
    assert "tok" not in str(sent["url"])
    shown = site.run("provision", "show", "Wiki", "--of", "ann", "--json").json
    assert (shown["state"], shown["status"]) == ("done", 201)
    assert '"title": "Staff"' in shown["request"]
    assert "POST /Users" in site.run("provision", "show", "Wiki", "--of", "ann").out
    assert "ann" in site.run("provision", "show", "Wiki").out
    assert site.run("provision", "dry-run", "Wiki", "--json").json == {"would": [], "stopped": None}
    assert site.run("provision", "drift", "Wiki", "--json").json == {"drift": []}
    assert "is not known there" in refuse("provision", "show", "Wiki", "--of", "nobody")
    assert "Who is there stays" in site.run("provision", "remove", "Wiki").out
    assert len(storage.resources) == 3
    served.close()


def test_Y2_a_target_that_is_off_at_first_and_the_brake_that_is_let(site: Folder) -> None:
    storage = InMemoryStorage()
    served = Served(BearerTokenApplication(storage, load_default_provider(), bearer_tokens=["token-of-it"]))
    (site.path / "doorward.toml").write_text(f'{CHEAP}[outbound]\nallow = ["{served.origin}"]\n')
    (site.path / "token").write_text("token-of-it")
    site.run("client", "add", "oidc", "--name", "Board", "--redirect-uri", "https://board.example/cb")
    for name in ("dan", "eve", "fay"):
        site.run("user", "add", "--username", name, "--link")
    given = ("--url", served.url, "--secret-file", "token", "--off", "--brake", "1")
    assert "--brake-share: expected percent" in site.refusal("provision", "add", "Board", *given, "--brake-share", "0")
    said = site.run("provision", "add", "Board", *given)
    assert "dry-run" in said.out
    site.run("provision", "sync", "Board", "--wait")
    assert storage.resources == []
    site.run("provision", "change", "Board", "--on")
    assert site.run("provision", "sync", "Board", "--wait").code == 0
    assert "The brake holds nothing" in site.run("provision", "release", "Board").out
    assert "the brake holds nothing" in site.refusal("provision", "release", "Board", "--yes", "1")
    site.run("client", "set", "Board", "--person", "dan")
    foreseen = site.run("provision", "dry-run", "Board")
    assert "The brake would stop it: " in foreseen.err
    assert site.run("provision", "sync", "Board", "--wait").code == 1
    looked = site.run("provision", "release", "Board")
    assert (looked.code, "eve" in looked.out, "--yes" in looked.err) == (1, True, True)
    many = looked.err.partition("`--yes ")[2].partition("`")[0]
    assert many == str(sum(line.startswith("user") for line in looked.out.splitlines())), looked.out
    assert "another number" in site.refusal("provision", "release", "Board", "--yes", "99")
    assert "may end" in site.run("provision", "release", "Board", "--yes", many).out
    assert site.run("provision", "sync", "Board", "--wait").code == 0
    served.close()
