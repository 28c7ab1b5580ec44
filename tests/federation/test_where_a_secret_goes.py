"""I1, I3: a secret that is kept is not sent to another address until it was given again, by whichever door."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from idp.admin import providers
from idp.admin.histories import providers as provider_history
from idp.cli.installation import shell
from idp.federation import checking, keeping
from tests.provider import Provider

OIDC: dict[str, Any] = {"name": "Company", "issuer": "https://id.example.com", "client_id": "us"}
LDAP: dict[str, Any] = {
    "name": "Directory", "kind": "ldap", "servers": ["ldaps://dc1.example.com", "ldaps://dc2.example.com"],
    "bind_dn": "cn=us", "base_dn": "dc=example", "subject": ["entryUUID"], "domains": ["example.com"],
}  # fmt: skip
MOVED = (
    (OIDC, {"issuer": "https://id.elsewhere.example"}), (LDAP, {"servers": ["ldaps://evil.example"]}),
    (LDAP, {"servers": [*LDAP["servers"], "ldaps://evil.example"]}),
    (LDAP, {"servers": ["ldap://localhost"], "plain": True}),
)  # fmt: skip
STAYS = (
    (OIDC, {"client_id": "other"}), (OIDC, {"domains": ["example.com"]}), (LDAP, {"servers": LDAP["servers"][:1]}),
    (LDAP, {"servers": LDAP["servers"][::-1]}),
)  # fmt: skip


def made(provider: Provider, said: dict[str, Any]) -> str:
    return providers.add(provider.services, shell(), said, "of-theirs").provider.id


def secret(provider: Provider, id: str) -> str:
    kept = keeping.find(provider.services.db, id)
    assert kept is not None
    return keeping.open_secret(provider.services.sealer, kept)


@pytest.mark.parametrize("case", range(len(MOVED)))
def test_i1_where_it_would_be_sent_elsewhere_it_is_given_again(provider: Provider, case: int) -> None:
    said, other = MOVED[case]
    id = made(provider, said)
    with pytest.raises(checking.InvalidProvider) as caught:
        providers.change(provider.services, shell(), id, providers.Wanted(said | other))
    assert {one.field for one in caught.value.problems} == {"secret"}
    assert "not sent there" in str(caught.value)
    providers.change(provider.services, shell(), id, providers.Wanted(said | other, "of-theirs"))
    assert secret(provider, id) == "of-theirs"


@pytest.mark.parametrize("case", range(len(STAYS)))
def test_i1_what_leads_nowhere_else_keeps_it(provider: Provider, case: int) -> None:
    said, other = STAYS[case]
    id = made(provider, said)
    providers.change(provider.services, shell(), id, providers.Wanted(said | other))
    assert secret(provider, id) == "of-theirs"


def test_i3_other_certificates_are_another_directory(provider: Provider) -> None:
    before, after = (checking.checked(LDAP), checking.checked({**LDAP, "base_dn": "dc=other"}))
    checking.check_secret_is_told(before, after)
    with pytest.raises(checking.InvalidProvider, match="ca would be another one"):
        checking.check_secret_is_told(before, replace(before, ca="-----BEGIN CERTIFICATE-----"))
    checking.check_secret_is_told(replace(before, plain=True), before)  # TLS where there was none


def test_c6_a_move_is_not_taken_back_with_the_secret_of_the_other_place(provider: Provider) -> None:
    services = provider.services
    id = made(provider, OIDC)
    moved = OIDC | {"issuer": "https://id.elsewhere.example"}
    providers.change(services, shell(), id, providers.Wanted(moved, "of-elsewhere"))
    (last, *_) = provider_history.of(services, shell(), id)
    with pytest.raises(checking.InvalidProvider, match="not sent there"):
        provider_history.undo(services, shell(), last.id)


def test_one_without_a_secret_has_none_to_give_again(provider: Provider) -> None:
    said = OIDC | {"auth_method": "private_key_jwt"}
    id = providers.add(provider.services, shell(), said, "").provider.id
    other = said | {"issuer": "https://id.elsewhere.example"}
    after = providers.change(provider.services, shell(), id, providers.Wanted(other))
    assert after.provider.issuer.endswith(".example")
    assert "of-theirs" not in json.dumps([one.detail for one in provider.events()])
