"""C2, C4: with a role, a program's credentials are the owner's: whoever knew them before gets nothing of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from clients.client import Client
from clients.errors import InvalidMetadata
from idp.accounts.roles import RoleGrant
from idp.admin import applications, programs
from idp.admin.actor import Actor, NotAllowed, of_shell
from idp.admin.applications import Change
from idp.admin.configuration.applying import apply
from idp.admin.configuration.document import File, read
from idp.admin.configuration.kinds import KINDS
from idp.admin.configuration.planning import plan
from idp.admin.histories import applications as app_history
from idp.oidc.scopes import ADMIN
from tests.backends import Clock
from tests.oidc import certificates
from tests.oidc.certificates import pair
from tests.provider import App, Provider, new_key, public_jwk

SHELL = of_shell("cli:test")
OWNER = RoleGrant("owner")


def admin_of(*apps: str) -> Actor:
    grant = RoleGrant("app_admin", apps) if apps else RoleGrant("admin")
    return Actor(kind="person", id="u1", name="person:u1", grants=(grant,))


def machine(provider: Provider, **about: Any) -> App:
    return provider.add_client("Script", profile="machine", **about)


def now(provider: Provider, app: App) -> Client:
    return provider.services.registry.get(app.id)


def given(provider: Provider, app: App, *grants: RoleGrant, **more: Any) -> programs.Given:
    return programs.change_roles(provider.services, SHELL, app.client, give=grants, **more)


def test_C2_who_kept_the_secret_from_before_is_not_the_bearer_of_a_role_that_is_given(provider: Provider) -> None:
    app = machine(provider)
    kept = applications.add_secret(provider.services, admin_of(app.id), app.client, 86400)  # and the first works on
    secret = given(provider, app, OWNER).secret
    for old in (app.secret, kept):
        app.secret = old
        assert provider.client_credentials(app, scope=ADMIN).status == 401
    app.secret = secret
    assert ADMIN in provider.client_credentials(app, scope=ADMIN).json["scope"]


@pytest.mark.parametrize("format", ["opaque", "jwt"])
def test_C2_no_token_that_opens_the_api_is_got_before_the_role_is_given(provider: Provider, format: str) -> None:
    app = machine(provider, access_token_format=format)
    change = Change(metadata={"scope": f"{ADMIN} read"})
    app.client, _ = applications.update(provider.services, admin_of(app.id), app.client, change)
    assert provider.client_credentials(app, scope=ADMIN).json["error"] == "invalid_scope"
    assert provider.client_credentials(app, scope=f"read {ADMIN}").json["scope"] == "read"


def test_C2_a_token_of_a_role_that_ran_out_does_not_live_again_with_the_next_one(
    provider: Provider, clock: Clock
) -> None:
    app = machine(provider)
    app.secret = given(provider, app, RoleGrant("auditor", until=clock() + 60)).secret
    token = provider.client_credentials(app, scope=ADMIN).json["access_token"]
    clock.advance(61)
    applications.add_secret(provider.services, admin_of(app.id), now(provider, app), 0)  # nobody's any more
    assert given(provider, app, OWNER).secret
    answer = provider.browser().get("api/v1/caller", headers={"Authorization": f"Bearer {token}"})
    assert answer.status == 401


def test_C2_what_a_program_has_already_is_given_for_longer_without_a_new_secret(
    provider: Provider, clock: Clock
) -> None:
    app = machine(provider)
    assert given(provider, app, RoleGrant("admin", until=clock() + 60)).secret
    assert given(provider, app, RoleGrant("admin")).secret is None
    assert given(provider, app, RoleGrant("auditor")).secret is None  # an admin may do all that an auditor may
    assert given(provider, app, OWNER).secret  # more than it had
    assert programs.change_roles(provider.services, SHELL, app.client, take=("owner",)).secret is None


def test_C2_a_program_that_proves_itself_by_keys_is_given_them_anew_in_the_same_act(provider: Provider) -> None:
    mine, theirs = new_key(), new_key()
    app = machine(provider, key=theirs)
    with pytest.raises(InvalidMetadata, match="say which keys are its own"):
        given(provider, app, OWNER)
    assert programs.grants_of(provider.services, app.id) == ()  # all of it or nothing
    assert provider.events("client:roles") == []
    assert given(provider, app, OWNER, keys={"jwks": {"keys": [public_jwk(mine)]}}).secret is None
    assert now(provider, app).metadata["jwks"] == {"keys": [public_jwk(mine)]}
    with pytest.raises(InvalidMetadata):
        given(provider, machine(provider), OWNER, keys={"jwks_uri": "https://keys.example/jwks"})


def test_C2_one_transaction_gives_the_role_the_scope_and_the_secret_or_none_of_them(provider: Provider) -> None:
    app = machine(provider, key=new_key())
    for keys in ({"jwks_uri": "http://not.https.example"}, {"redirect_uris": []}):
        with pytest.raises(InvalidMetadata):
            given(provider, app, OWNER, keys=keys)
        assert programs.grants_of(provider.services, app.id) == ()
        assert ADMIN not in str(now(provider, app).metadata.get("scope"))


WANTED: Mapping[str, Any] = {
    "jwks_uri": "https://mine.example/jwks", "token_endpoint_auth_method": "private_key_jwt", "scope": f"{ADMIN} x",
    "redirect_uris": ["https://mine.example/cb"], "grant_types": ["authorization_code"],
    "resources": ["https://mine.example"], "tls_client_auth_subject_dn": "CN=me", "access_token_format": "jwt",
}  # fmt: skip


@pytest.mark.parametrize("key", WANTED)
@pytest.mark.parametrize("own", [True, False])
def test_C2_only_who_may_give_roles_changes_who_can_act_as_a_program_with_one(
    provider: Provider, key: str, own: bool
) -> None:
    app = machine(provider)
    given(provider, app, RoleGrant("auditor"))  # less than an admin has: rank alone would let them
    actor = admin_of(app.id) if own and key != "resources" else admin_of()
    with pytest.raises(NotAllowed, match=r"owner|more here than you"):
        applications.update(provider.services, actor, now(provider, app), Change(metadata={key: WANTED[key]}))


def _removed(provider: Provider, app: App) -> None:
    provider.services.registry.remove(app.id)


def _off(provider: Provider, app: App) -> None:
    provider.services.registry.disable(app.id)


ACTS: Mapping[str, tuple[Callable[[Provider, App], object] | None, Callable[[Any, Actor, App, Client | None], object]]]
ACTS = {
    "add_secret": (None, lambda s, a, app, client: applications.add_secret(s, a, client, 0)),
    "end_secret": (None, lambda s, a, app, client: applications.end_secret(s, a, client, client.secrets[-1].id)),
    "profile": (
        None, lambda s, a, app, client: applications.update(s, a, client, Change(metadata={}, profile="backend"))
    ),
    "turn_on": (_off, lambda s, a, app, client: applications.turn_on(s, a, client)),
    "restore": (_removed, lambda s, a, app, client: applications.restore(s, a, app.id)),
}  # fmt: skip


@pytest.mark.parametrize("act", ACTS)
def test_C2_nor_by_another_verb(provider: Provider, act: str) -> None:
    app = machine(provider)
    given(provider, app, RoleGrant("auditor"))
    before, do = ACTS[act]
    if before is not None:
        before(provider, app)
    client = provider.services.registry.find(app.id)
    with pytest.raises(NotAllowed, match="only who may give roles"):
        do(provider.services, admin_of(), app, client)
    do(provider.services, SHELL, app, client) if act != "profile" else None


def test_C2_nor_by_undoing_what_an_owner_has_changed(provider: Provider) -> None:
    app = machine(provider, key=new_key())
    given(provider, app, RoleGrant("auditor"), keys={"jwks": {"keys": [public_jwk(new_key())]}})
    changed = [one for one in provider.events("client:update") if "jwks" in one.detail["changed"]][-1]
    with pytest.raises(NotAllowed, match="only who may give roles"):
        app_history.undo(provider.services, admin_of(), app.id, changed.id)


def test_C2_nor_by_a_file(provider: Provider) -> None:
    app = machine(provider)
    given(provider, app, RoleGrant("auditor"))
    told = f'[[application]]\nid = "{app.id}"\nname = "Script"\nprofile = "machine"\n'
    for line, is_refused in (('description = "Reads."', False), ('resources = ["https://mine.example"]', True)):
        entries = read([File("apps.toml", f"{told}{line}\n")], KINDS)
        shown = plan(provider.services, entries, ["apps.toml"])
        if is_refused:
            with pytest.raises(NotAllowed, match="only who may give roles"):
                apply(provider.services, admin_of(), entries, ["apps.toml"], shown)
        apply(provider.services, SHELL if is_refused else admin_of(), entries, ["apps.toml"], shown)


def test_C2_what_is_written_about_a_program_with_a_role_stays_its_admins(provider: Provider) -> None:
    app = machine(provider)
    given(provider, app, OWNER)
    change = Change(metadata={"description": "Reads the list of people.", "contacts": ["it@example.com"]}, name="Robot")
    after, _ = applications.update(provider.services, admin_of(app.id), now(provider, app), change)
    assert after.name == "Robot"


def test_C2_S28_a_program_with_a_certificate_is_known_by_another_name_with_its_role(
    open_provider: Callable[..., Provider], tmp_path: Path, clock: Clock
) -> None:
    """RFC 8705 §2.1.2: keys beside it would change nothing, and the same name would take the old certificate on."""
    authority = pair("CN=Authority", now=clock(), ca=True)
    provider = open_provider(**certificates.settings(tmp_path, authority))
    kept, own = (pair(f"CN={name},O=Example", authority, now=clock()) for name in ("old", "new"))
    about = {"token_endpoint_auth_method": "tls_client_auth", "tls_client_auth_subject_dn": "CN=old,O=Example"}
    app = machine(provider, scope="read", **about)
    form = {"grant_type": "client_credentials", "client_id": app.id, "scope": ADMIN}
    for keys in (None, {}, {"jwks": {"keys": [public_jwk(new_key())]}}, {"jwks_uri": "https://keys.example/jwks"},
                 {"tls_client_auth_subject_dn": "cn=old, o=Example"}, {"tls_client_auth_subject_dn": "/CN=new"},
                 {"tls_client_auth_san_dns": "a.example", "tls_client_auth_san_uri": "urn:a"},
                 {"scope": "x"}):  # fmt: skip
        with pytest.raises(InvalidMetadata):
            given(provider, app, OWNER, keys=keys)
        assert programs.grants_of(provider.services, app.id) == ()
    assert given(provider, app, OWNER, keys={"tls_client_auth_subject_dn": "CN=new,O=Example"}).secret is None
    assert certificates.send(provider, "oauth/token", kept, form).error == "invalid_client"
    assert certificates.send(provider, "oauth/token", own, form).json["scope"] == ADMIN
    given(provider, app, OWNER)  # no more than it has: nothing needs to be said
    other = machine(provider, scope="read", **about)
    given(provider, other, OWNER, keys={"tls_client_auth_san_dns": "new.example"})
    metadata = now(provider, other).metadata
    assert {key for key in metadata if key.startswith("tls_client_auth_")} == {"tls_client_auth_san_dns"}
