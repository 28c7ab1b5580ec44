"""`doorward config show`."""

from __future__ import annotations

from tests.cli.conftest import CHEAP, Folder

FILE = (
    CHEAP
    + """[server]
issuer = "https://login.example"
trusted_proxies = ["10.0.0.9/32"]
[mail]
host = "mail.example"
username = "door"
password = "hunter2-hunter2"
[[factors.rules]]
need = "second"
groups = ["finance"]
why = "Money."
[storage]
database_url = "postgresql://door:hunter3@db.example/door"
[brand.texts.de]
login_hint = "Personalnummer"
"""
)


def shown(folder: Folder, *words: str, **env: str) -> dict[str, tuple[object, str]]:
    found = folder.run("config", "show", "--json", *words, env=env).json["settings"]
    return {one["name"]: (one["value"], one["from"].replace(f"{folder.path}/", "")) for one in found}


def test_G4_each_setting_is_shown_with_where_it_comes_from(folder: Folder) -> None:
    """Before `doorward init`, too: nothing is opened."""
    (folder.path / "doorward.toml").write_text(FILE)
    found = shown(folder, DOORWARD_STATE_URL="redis://10.0.0.7/0", DOORWARD_ISSUER="https://other.example")
    assert found["server.issuer"] == ("https://other.example", "environment variable DOORWARD_ISSUER")
    assert found["server.trusted_proxies"] == (["10.0.0.9/32"], "doorward.toml:6")
    assert found["passwords.memory_kib"] == (8192, "doorward.toml:2")
    assert found["server.port"] == (8000, "default")
    assert found["factors.rules"][1] == "doorward.toml:11"
    assert found["brand.texts"][1] == "doorward.toml:17"


def test_G4_what_opens_something_is_masked(folder: Folder) -> None:
    (folder.path / "doorward.toml").write_text(FILE)
    for words in ((), ("--json",)):
        said = folder.run("config", "show", *words, env={"DOORWARD_MASTER_KEY": "hunter4" * 6}).out
        assert "hunter" not in said
        assert "postgresql://db.example/…" in said


def test_G4_only_some_are_shown_where_that_is_asked(folder: Folder) -> None:
    assert set(shown(folder, "--given")) == {"passwords.memory_kib", "passwords.time_cost"}
    assert set(shown(folder, "mail.host", "metrics")) == {"mail.host", "metrics.token"}
    lines = folder.run("config", "show", "server.port").out.splitlines()
    assert lines == ["setting\tvalue\tfrom", "server.port\t8000\tdefault"]


def test_G4_the_issuer_of_this_machine_follows_the_port(folder: Folder) -> None:
    (folder.path / "doorward.toml").write_text("[server]\nport = 8123\n")
    assert shown(folder, "server.issuer") == {"server.issuer": ("http://127.0.0.1:8123", "server.port")}
