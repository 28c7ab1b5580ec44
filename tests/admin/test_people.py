"""People as admins name them, by any door."""

from __future__ import annotations

import pytest

from idp.accounts.person import Draft, InvalidPerson
from idp.admin import people
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
