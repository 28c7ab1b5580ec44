"""C3: what is approved is what was seen; how many wait; what is told of one that failed."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from idp.accounts import approvals
from idp.accounts.approvals import Approval
from idp.accounts.roles import RoleGrant
from idp.admin import granting, keys, planned_ends, turning_off
from idp.admin.actor import NotAllowed
from idp.admin.approving import deciding
from idp.admin.approving.asking import MOST
from idp.admin.approving.deciding import Moved, NotDone
from idp.admin.approving.verbs import VERBS, Lines, mark
from idp.config.admin import SECOND_OWNER
from idp.ids import new_id
from tests.admin.test_second_owner import DAY, SHELL, Two, is_on, off, somebody, waits
from tests.backends import Clock
from tests.provider import Provider


@pytest.fixture
def provider(open_provider: Callable[..., Provider]) -> Provider:
    return open_provider(
        admin={"second_factor": False, "second_owner": list(SECOND_OWNER)}, mail={"host": "mail.example"}
    )


@pytest.fixture
def two(provider: Provider) -> Two:
    return Two(somebody(provider, "ann", "owner"), somebody(provider, "bea", "owner"))


def lines(provider: Provider, id: str) -> Lines:
    one = approvals.find(provider.services.db, id)
    assert one is not None
    return VERBS[one.verb].lines(provider.services, one.args)


def values(provider: Provider, id: str) -> dict[str, str]:
    return {str(label): str(value) for label, value in lines(provider, id)}


def test_C3_a_person_who_is_called_otherwise_by_now_is_looked_at_again(provider: Provider, two: Two) -> None:
    leaver = provider.add_person("leaver")
    id = off(provider, two.ann, leaver)
    seen = mark(lines(provider, id))
    provider.services.directory.update(leaver.id, name="Somebody Else")
    with pytest.raises(Moved):
        deciding.approve(provider.services, two.bea, id, seen=seen)
    assert is_on(provider, leaver)
    deciding.approve(provider.services, two.bea, id, seen=mark(lines(provider, id)))
    assert not is_on(provider, leaver)


def test_C3_a_key_that_is_named_by_its_kind_is_shown_and_approved_by_its_id(
    provider: Provider, two: Two, clock: Clock
) -> None:
    keys.rotate(provider.services, SHELL, ["RS256"])
    clock.advance(3 * DAY)
    id = waits(lambda: keys.promote(provider.services, two.ann, "RS256", force=True))
    before = lines(provider, id)
    kid = next(one.kid for one in provider.services.ring.list_keys() if one.alg == "RS256" and one.state == "next")
    assert any(kid in value for _, value in before)
    keys.promote(provider.services, SHELL, kid, force=True)
    with pytest.raises(Moved):
        deciding.approve(provider.services, two.bea, id, seen=mark(before))


def test_C3_another_sign_in_of_the_person_is_no_other_change(provider: Provider, two: Two) -> None:
    leaver = provider.add_person("leaver")
    id = off(provider, two.ann, leaver)
    seen = mark(lines(provider, id))
    browser = provider.browser()
    browser.log_in(browser.get(""), "leaver")
    deciding.approve(provider.services, two.bea, id, seen=seen)
    assert not is_on(provider, leaver)


def test_C3_for_how_long_and_for_what_a_role_is_given_is_shown(provider: Provider, two: Two, clock: Clock) -> None:
    cat, app = provider.add_person("cat"), provider.add_client("CRM").client
    give = (RoleGrant("owner", until=clock() + DAY), RoleGrant("app_admin", scope=(app.id,)))
    id = waits(lambda: granting.change_roles(provider.services, two.ann, cat, give=give))
    shown = values(provider, id)
    assert shown["Ends on"].endswith("UTC")
    assert shown["Limited to"] == f"CRM ({app.id})"
    forever = waits(lambda: granting.change_roles(provider.services, two.ann, cat, give=(RoleGrant("owner"),)))
    assert "Ends on" not in values(provider, forever)


def test_C3_a_moment_that_is_over_says_so_and_turns_off_at_once(provider: Provider, two: Two, clock: Clock) -> None:
    leaver = provider.add_person("leaver")
    id = waits(lambda: planned_ends.plan(provider.services, two.ann, leaver, clock() + 600, "UTC"))
    seen = mark(lines(provider, id))
    assert "That moment is over" not in values(provider, id)
    clock.advance(700)
    assert values(provider, id)["That moment is over"] == "turned off at once when it is approved"
    with pytest.raises(Moved):
        deciding.approve(provider.services, two.bea, id, seen=seen)
    deciding.approve(provider.services, two.bea, id, seen=mark(lines(provider, id)))
    assert not is_on(provider, leaver)


def test_C3_nobody_has_more_than_twenty_that_wait_and_they_stand_first(
    provider: Provider, two: Two, clock: Clock
) -> None:
    leaver = provider.add_person("leaver")
    ids = [
        waits(lambda n=n: planned_ends.plan(provider.services, two.ann, leaver, clock() + 600 + n, "UTC"))
        for n in range(MOST)
    ]  # fmt: skip
    with pytest.raises(NotAllowed, match="wait already"):
        turning_off.turn_off(provider.services, two.ann, leaver)
    same = waits(lambda: planned_ends.plan(provider.services, two.ann, leaver, clock() + 600, "UTC"))
    assert same == ids[0]  # what waits already is no further one
    off(provider, two.bea, leaver)  # another asker's are their own
    for id in ids[1:]:
        deciding.withdraw(provider.services, two.ann, id)
    found = deciding.listed(provider.services, two.bea, waiting=True)
    assert found[0].id == ids[0]
    assert len(found) == 2
    assert deciding.listed(provider.services, two.ann, waiting=True)[0].id == ids[0]


def test_S59_C3_an_admin_lists_of_what_waits_their_own(provider: Provider, two: Two) -> None:
    adam = somebody(provider, "adam", "admin")
    off(provider, two.ann, provider.add_person("one"))
    own = off(provider, adam, provider.add_person("two"))
    assert [one.id for one in deciding.listed(provider.services, adam, waiting=True)] == [own]


def test_C3_what_is_not_written_for_people_is_told_to_nobody(provider: Provider, two: Two, clock: Clock) -> None:
    """As a database's error, whose text has the values of its statement."""
    args = {"person": provider.add_person("leaver").id, "take": (), "give": [{"role": "secret-value"}]}
    one = Approval(
        id=new_id(clock()), action="role:grant:owner", verb="people.roles", args=args, asked_by=two.ann.name,
        token_id="", asked_at=clock(), until=clock() + DAY,
    )  # fmt: skip
    with provider.services.db.transaction() as tx:
        approvals.add(tx, one)
    with pytest.raises(NotDone, match=r"^KeyError$"):
        deciding.approve(provider.services, two.bea, one.id)
    over = deciding.get(provider.services, two.ann, one.id)
    assert (over.state, over.note) == ("failed", "KeyError")
    assert provider.events("approval:failed")[-1].detail["reason"] == "KeyError"


def test_C3_why_a_verb_refuses_is_told(provider: Provider, two: Two) -> None:
    leaver = provider.add_person("leaver")
    id = off(provider, two.ann, leaver)
    provider.services.directory.disable(two.ann.id)
    with pytest.raises(NotDone, match="turned off or gone"):
        deciding.approve(provider.services, two.bea, id)
    assert "turned off or gone" in deciding.get(provider.services, two.bea, id).note
