"""C5: providers that people sign in through, in files: there and back, secrets beside them, what goes with one."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from idp.federation import checking, fields, keeping, links
from idp.federation.provider import OIDC
from tests.admin.configuration.conftest import Configured
from tests.admin.configuration.test_round_trip import Open, there_and_back

TENANT = "5d0f3f2c-8b1e-4c53-9a0e-000000000000"
#: One that says everything; a field without a value here fails below.
EVERYTHING: dict[str, Any] = {
    "name": "Company ünd \"Söhne\"", "issuer": "https://login.example.com/x", "client_id": "us", "tenants": [TENANT],
    "hosted_domain": "example.com", "team_id": "T", "key_id": "K", "auth_method": "apple", "domains": ["example.com"],
    "assertion_audience": "issuer", "scopes": ["openid", "name"], "response_mode": "form_post", "userinfo": True,
    "algorithms": ["ES256"], "subject": ["tid", "oid"], "apps": ["c1"], "button": False, "at_once": True,
    "create": True, "join": True, "verified_claim": "xms_edov", "attributes": {"given_name": "first"},
    "groups_claim": "groups", "groups": {"1b2c.4d": "Sales"}, "owns_groups": True, "proof": {"c1": "second"},
    "secret_ends": "2027-01-31", "step_up": "c1", "sign_out": "ask", "obeys_login": True, "prompts_login": False,
}  # fmt: skip
PLAIN = '[[provider]]\nname = "Company"\nissuer = "https://id.example.com"\nclient_id = "us"\n'


def kept(here: Configured) -> tuple[keeping.Kept, ...]:
    return keeping.list_of(here.services.db)


def test_c5_every_field_of_a_provider_goes_there_and_back(configured: Configured, another: Open) -> None:
    assert {row.name for row in fields.of(OIDC)} == set(EVERYTHING)
    services, nobody = configured.services, lambda *_: None
    one = checking.checked(EVERYTHING, enabled=False)
    keeping.add(services.db, services.sealer, one, "a secret of theirs", 1.0, record=nobody)
    text = there_and_back(configured, another())
    assert all(f"\n{name} = " in text or f"\n[provider.{name}]" in text for name in EVERYTHING), text
    assert "\nenabled = false\n" in text
    assert "a secret of theirs" not in text


def test_c5_a_secret_stands_in_a_file_beside_and_is_told_to_nobody(configured: Configured, tmp_path: Path) -> None:
    configured.apply(PLAIN)
    assert kept(configured)[0].sealed == ""
    (tmp_path / "company.secret").write_text("of-theirs\n")
    text = PLAIN + f"secret_file = {json.dumps(str(tmp_path / 'company.secret'))}\n"
    (change,) = configured.changes(text)
    assert [(one.name, one.before, one.after) for one in change.fields] == [("secret", None, "another one")]
    configured.apply(text)
    assert keeping.open_secret(configured.services.sealer, kept(configured)[0]) == "of-theirs"
    assert configured.changes(text) == ()  # nothing to do
    assert configured.changes(PLAIN) == ()  # who takes the line out keeps the secret
    (tmp_path / "company.secret").unlink()
    assert "secret_file: cannot be read" in configured.faults(text)[0]


def test_c5_a_secret_is_named_again_where_it_would_be_sent_elsewhere(configured: Configured, tmp_path: Path) -> None:
    (tmp_path / "company.secret").write_text("of-theirs\n")
    line = f"secret_file = {json.dumps(str(tmp_path / 'company.secret'))}\n"
    configured.apply(PLAIN + line)
    moved = PLAIN.replace("id.example.com", "id.elsewhere.example")
    (fault,) = configured.faults(moved)
    assert "secret_file: issuer would be another one" in fault
    configured.apply(moved + line)
    assert kept(configured)[0].provider.issuer == "https://id.elsewhere.example"


def test_c5_only_what_is_declared_is_compared_and_what_is_taken_out_goes_back(configured: Configured) -> None:
    text = PLAIN + 'domains = ["example.com"]\nstep_up = "c1"\n'
    configured.apply(text)
    configured.apply(text.replace('step_up = "c1"\n', ""))
    one = kept(configured)[0].provider
    assert (one.step_up, one.domains) == ("", ("example.com",))
    configured.apply(text + "enabled = false\n")
    assert not kept(configured)[0].provider.enabled


def test_c5_what_is_wrong_has_its_line(configured: Configured) -> None:
    for line, told in (
        ('domains = ["x"]', "domains: x is no mail domain"), ("create = 1", "create: expected yes or no"),
        ('roles = ["owner"]', "roles: unknown key"), ('kind = "nis"', "kind: expected"),
        ('subject = ["email"]', "subject: an address or a name is no key"),
        ("enabled = 0", "enabled: expected true or"),
    ):  # fmt: skip
        faults = configured.faults(f"{PLAIN}{line}\n")
        assert f"apps.toml:5: provider “Company”: {told}" in faults[0], faults
    assert "stands at" in configured.faults(PLAIN + PLAIN.replace("Company", "COMPANY"))[0]


def test_c5_its_people_stay_who_they_are_and_a_removal_says_how_many_lose_it(configured: Configured) -> None:
    configured.apply(PLAIN)
    services, nobody = configured.services, lambda *_: None
    (one,) = kept(configured)
    with services.db.transaction() as tx:
        links.add(tx, links.Link(one.provider.id, "sub", "p1", "", (), 0.0, 0.0), record=nobody)
    faults = configured.faults(PLAIN.replace("id.example.com", "other.example.com"))
    assert "issuer: people sign in by it" in faults[0]
    (change,) = configured.plan("", prune=True).changes
    assert (change.action, change.effects) == ("remove", ("1 person comes by it, some perhaps in no other way",))
    configured.apply("", prune=True)
    assert kept(configured) == ()
    assert len(keeping.removed(services.db, services.clock())) == 1


def test_c5_what_a_file_manages_is_changed_by_hand_only_where_the_settings_let_it(another: Open) -> None:
    from idp.admin import providers
    from idp.admin.actor import of_shell
    from idp.admin.managed import ManagedByFile

    here = another(admin={"managed": "refuse"})
    here.apply(PLAIN)
    (one,) = kept(here)
    with pytest.raises(ManagedByFile, match=r"apps\.toml"):
        providers.turn(here.services, of_shell("test"), one.provider.id, on=False)
    providers.renew_secret(here.services, of_shell("test"), one.provider.id, "theirs")  # secrets are no file's
