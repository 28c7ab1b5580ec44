"""I11: what is wrong with a directory is found without a person, and named with its fix."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from idp.federation import keeping, kinds, leaving
from idp.federation.ports import Found
from tests.federation.directories.conftest import Company

pytestmark = pytest.mark.slow


def tried(company: Company, **said: Any) -> tuple[Found, ...]:
    secret = said.pop("secret", None)
    one = company.add(**said, **({"secret": secret} if secret else {}))
    services = company.provider.services
    kept = keeping.find(services.db, one.id)
    assert kept is not None
    return kinds.of(kept.provider).test(services, leaving.trial(services, kept))


def test_i11_what_is_right_is_told_step_by_step(company: Company) -> None:
    found = tried(company, groups_claim="groups", group_filter="(objectClass=groupOfNames)")
    assert all(one.ok for one in found), found
    assert [one.what.partition(":")[0].partition(" ")[0] for one in found] == [
        "server", "bind", "base", "people", "groups",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("said", "what", "fix"),
    [
        ({"secret": "another"}, "bind as", "Compare the bind DN and its password"),
        ({"base_dn": "dc=example,dc=org"}, "base", "compare the base DN"),
        ({"people": "(objectClass=nothing)"}, "people", "finds nobody"),
        ({"subject": ["objectGUID"]}, "subject", "nobody has objectGUID"),
        ({"names": ["employeeType"]}, "names", "nobody has employeeType"),
        ({"ca": ""}, "server", "certificate was not accepted"),
        ({"servers": ["ldaps://localhost:1"]}, "server", "outbound.allow"),
        ({"groups_claim": "groups", "group_filter": "(cn=none)"}, "groups", "no group"),
    ],
    ids=["password", "base", "filter", "subject", "names", "certificate", "not-allowed", "groups"],
)
def test_i11_what_is_wrong_is_named_with_its_fix(company: Company, said: dict[str, Any], what: str, fix: str) -> None:
    wrong = [one for one in tried(company, **said) if not one.ok]
    assert len(wrong) == 1, wrong
    assert wrong[0].what.startswith(what)
    assert fix in wrong[0].fix


def test_i11_a_filter_that_was_kept_before_filters_were_read_is_named(company: Company) -> None:
    one, services = company.add(), company.provider.services
    company.change(one, people="(person)")
    kept = keeping.find(services.db, one.id)
    assert kept is not None
    test = kinds.of(kept.provider).test
    wrong = [found for found in test(services, leaving.trial(services, kept)) if not found.ok]
    assert [(found.what.partition(":")[0], "no filter" in found.fix) for found in wrong] == [("people", True)]


@pytest.mark.spec("RFC6125 6")
def test_s_a_certificate_for_another_host_is_not_accepted(
    open_company: Callable[..., Company], company: Company
) -> None:
    address = company.there.secure.replace("localhost", "127.0.0.1")
    wrong = tried(open_company(address), servers=[address])
    assert not wrong[0].ok
    assert "certificate was not accepted" in wrong[0].fix
