"""Each field of a provider has one row: which kinds know it, what it is called, and whether it may change."""

from __future__ import annotations

from importlib import import_module

import pytest

from idp.federation import checking, fields
from idp.federation.kinds import KINDS
from idp.federation.provider import OIDC, SAID

_SAID = {"name": "Company", "issuer": "https://login.example.com", "client_id": "doorward"}


def test_every_field_has_a_row_and_every_row_is_a_field() -> None:
    assert sorted((*fields.FIELDS, *fields.MADE_OF)) == sorted(SAID)
    assert {row.part for row in fields.ROWS} == {name for name, _ in fields.PARTS}
    assert {kind for row in fields.ROWS for kind in row.kinds} <= set(KINDS)


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_each_kind_has_its_modules_and_a_form(kind: str) -> None:
    row = KINDS[kind]
    assert import_module(row.module).KIND
    assert import_module(row.rules).problems
    assert "name" in [field.name for field in fields.of(kind)]


def test_a_field_that_the_kind_does_not_know_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(fields.FIELDS, "step_up", fields.Field("step_up", "proof", "", kinds=("another",)))
    with pytest.raises(checking.InvalidProvider, match="step_up: a provider of the kind oidc has no such field"):
        checking.checked({**_SAID, "kind": OIDC, "step_up": "c1"})
    assert checking.checked({**_SAID, "step_up": ""}).step_up == ""  # not said is not dropped


def test_what_is_chosen_from_takes_nothing_else() -> None:
    with pytest.raises(checking.InvalidProvider, match="auth_method: expected client_secret_basic, "):
        checking.checked({**_SAID, "auth_method": "tls_client_auth"})


def test_a_kind_without_a_secret_takes_none(monkeypatch: pytest.MonkeyPatch) -> None:
    from dataclasses import replace

    provider = checking.checked({**_SAID, "auth_method": "private_key_jwt"})
    checking.check_secret("https://login.example", provider, "")
    monkeypatch.setitem(KINDS, OIDC, replace(KINDS[OIDC], secret=""))
    with pytest.raises(checking.InvalidProvider, match="secret: a provider of the kind oidc has none"):
        checking.check_secret("https://login.example", provider, "s")
