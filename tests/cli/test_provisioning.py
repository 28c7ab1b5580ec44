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
    site.run("provision", "sync", "Wiki", "--wait")
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
    assert site.run("provision", "dry-run", "Wiki", "--json").json == {"would": []}
    assert site.run("provision", "drift", "Wiki", "--json").json == {"drift": []}
    assert "is not known there" in refuse("provision", "show", "Wiki", "--of", "nobody")
    assert "Who is there stays" in site.run("provision", "remove", "Wiki").out
    assert len(storage.resources) == 3
    served.close()
