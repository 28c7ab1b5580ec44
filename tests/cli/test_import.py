"""`doorward import`: what an export holds is shown first, then it is here; secrets go where they are wanted. Y3."""

from __future__ import annotations

import json
import stat

from tests.cli.conftest import Folder
from tests.importing import keycloak_realm as kc

SECRET = "n0tSh0rt-Aq8ZkWm3PvXr7TyU2bLcDeFg"


def realm() -> bytes:
    clients = [
        kc.client("erp", secret=SECRET, redirectUris=["https://erp.example/cb"]),
        kc.client("shop", secret="**********", redirectUris=["https://shop.example/cb"]),
    ]
    users = [kc.user("import-ann", kc.pbkdf2(), kc.otp(digits=8)), kc.user("import-bo", kc.argon2())]
    return kc.realm(*users, clients=clients, groups=[{"name": "Import"}])


def test_y3_a_dry_run_says_what_would_be_and_does_nothing(site: Folder) -> None:
    (site.path / "realm.json").write_bytes(realm())
    done = site.run("import", "keycloak", "realm.json", "--dry-run")
    assert done.code == 0
    assert "Would carry over 2 people, 1 group, 2 OpenID Connect applications" in done.out
    assert "otp of import-ann" in done.err
    assert "say it again without --dry-run" in done.out
    assert site.run("user", "show", "import-ann").code != 0


def test_y3_it_is_carried_over_once_and_new_secrets_go_into_a_file(site: Folder) -> None:
    (site.path / "realm.json").write_bytes(realm())
    said = site.run("import", "keycloak", "realm.json", "--secrets-file", "new.toml", "--json").json
    assert (said["people"], said["groups"], said["applications"], said["secrets"]) == (2, 1, 2, {})
    file = site.path / "new.toml"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert "shop" in file.read_text()
    assert SECRET not in file.read_text()
    assert site.run("user", "show", "import-bo", "--json").json["sub"] == kc.user_id("import-bo")
    assert site.run("user", "show", kc.user_id("import-bo"), "--json").json["username"] == "import-bo"
    assert site.run("client", "show", "erp", "--json").json["client_id"] == "erp"
    again = site.run("import", "keycloak", "realm.json", "--json").json
    assert (again["people"], again["groups"], again["applications"]) == (0, 0, 0)
    assert sorted(again["known"]) == ["erp", "import-ann", "import-bo", "shop"]
    logged = site.run("audit", "list", "--action", "import:done", "--json").json
    assert SECRET not in json.dumps(logged)
    exported = site.run("export")
    assert exported.code == 0
    assert 'id = "erp"' in exported.out


def test_y3_a_file_that_is_none_is_refused_with_what_to_give(site: Folder) -> None:
    (site.path / "other.json").write_text("{}")
    refused = site.run("import", "keycloak", "other.json")
    assert (refused.code, "kc.sh export" in refused.err) == (2, True)
    missing = site.run("import", "keycloak", "nowhere.json")
    assert (missing.code, "cannot be read" in missing.err) == (2, True)
