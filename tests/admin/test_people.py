"""People as admins name them, by any door."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from idp.accounts.person import Draft, InvalidPerson, new_person_id
from idp.accounts.rows import identify
from idp.admin import actor, looking, people
from idp.admin.people import Correction
from tests.admin.conftest import Admin
from tests.provider import PASSWORD, Provider


def test_a_person_is_found_by_anything_they_sign_in_with_and_else_those_who_look_like_it(
    provider: Provider, admin: Admin
) -> None:
    draft = Draft(username="ann.miller", email="ann@example.com", employee_number="4711", name="Ann Miller")
    ann = people.add(provider.services, admin, draft, PASSWORD, by_mail=False).person
    for given in ("ann.miller", "ANN@example.com", "4711", ann.id):
        assert people.get(provider.services, given).id == ann.id
    with pytest.raises(people.UnknownLogin) as caught:
        people.get(provider.services, "ann.mller")
    assert [one.username for one in caught.value.similar] == ["ann.miller"]


def test_whoever_is_called_by_the_id_of_somebody_else_is_never_meant_by_it(provider: Provider) -> None:
    ann, eve = provider.add_person("ann"), provider.add_person("eve")
    with provider.services.db.transaction() as tx:  # as from before such names were refused
        identify(tx, eve.id, Draft(username=ann.id))
    assert provider.services.directory.find_by_login(ann.id) == eve
    assert people.get(provider.services, ann.id) == ann
    assert provider.services.directory.find_named("eve") == eve
    provider.services.directory.remove(ann.id)
    page = looking.look(provider.services, actor.of_shell("cli:root"), ann.id)
    assert [row.person.id for row in page.exact] == [eve.id]  # the one whom it still names


@pytest.mark.parametrize("kind", ["username", "employee_number"])
@pytest.mark.parametrize("spelling", [str, str.upper, lambda id: f" {id} ", lambda id: id.replace("u", "ｕ")])
def test_nobody_gets_a_name_that_could_be_taken_for_an_id(
    provider: Provider, kind: str, spelling: Callable[[str], str]
) -> None:
    ann, eve = provider.add_person("ann"), provider.add_person("eve")
    for id in (ann.id, new_person_id(), provider.add_client("CRM").id):
        wanted: Any = {kind: spelling(id)}
        with pytest.raises(InvalidPerson, match="looks like the id"):
            provider.services.directory.add(Draft(**{"username": "zoe", **wanted}))
        with pytest.raises(InvalidPerson, match="looks like the id"):
            provider.services.directory.update(eve.id, **wanted)
    provider.services.directory.add(Draft(username="u" + "a" * 25))  # one short of an id


def test_everything_that_is_wrong_with_somebody_new_is_told_in_one_go(provider: Provider, admin: Admin) -> None:
    draft = Draft(username="", email="nowhere", claims={"zoneinfo": "Mars"})
    with pytest.raises(InvalidPerson) as caught:
        people.add(provider.services, admin, draft, "short", by_mail=False)
    assert {one.field for one in caught.value.problems} >= {"password", "claims.zoneinfo", "username", "email"}
    assert not admin.actions


def test_somebody_without_a_password_gets_a_link_where_no_mail_reaches_them(provider: Provider, admin: Admin) -> None:
    added = people.add(provider.services, admin, Draft(username="bea", name="Bea Brown"), by_mail=True)
    assert added.link is not None
    assert added.invited is not None
    assert not added.invited.to
    assert added.person.claims["family_name"] == "Brown"
    assert admin.actions == ["person:added", "link:made"]


def test_a_correction_is_of_fields_claims_and_groups_at_once(provider: Provider, admin: Admin) -> None:
    ann = provider.add_person("ann")
    wanted = Correction(changes={"name": "Ann Smith"}, merge={"locale": "de"}, joins=("Sales",))
    done = people.correct(provider.services, admin, ann, wanted)
    assert done.before == ann
    assert (done.after.name, done.after.claims["locale"], done.after.groups) == ("Ann Smith", "de", ("Sales",))
    with pytest.raises(InvalidPerson):
        people.correct(provider.services, admin, ann, Correction(merge={"locale": "?"}))


@pytest.mark.parametrize(
    ("name", "merge", "parts"),
    [
        ("Anna Bergström", {}, ("Anna", "Bergström")),
        ("Anna Maria Berg Lund", {}, (None, None)),  # nobody can say which is which
        ("Anna Lund", {"family_name": "Lund Berg"}, ("Anna", "Lund Berg")),
    ],
)
def test_parts_of_a_name_follow_it_unless_somebody_said_otherwise(
    provider: Provider, admin: Admin, name: str, merge: dict[str, Any], parts: tuple[str | None, str | None]
) -> None:
    draft = Draft(username="anna", email="anna@example.com", name="Anna Berg")
    anna = people.add(provider.services, admin, draft, PASSWORD, by_mail=False).person
    assert anna.claims["family_name"] == "Berg"
    after = people.correct(provider.services, admin, anna, Correction(changes={"name": name}, merge=merge)).after
    assert (after.claims.get("given_name"), after.claims.get("family_name")) == parts


def test_parts_that_were_typed_stay_when_the_name_is_corrected(provider: Provider, admin: Admin) -> None:
    draft = Draft(username="anna", name="Anna Berg", claims={"family_name": "von Berg"})
    anna = people.add(provider.services, admin, draft, PASSWORD, by_mail=False).person
    after = people.correct(provider.services, admin, anna, Correction(changes={"name": "Anna Lund"})).after
    assert after.claims["family_name"] == "von Berg"
