"""Rules kept in the database: what they ask, for whom; every process knows of a change at once (F9, R4, C2)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from idp.accounts import sign_in_rules
from idp.accounts.sign_in_rules import keeping
from idp.config import FactorRule
from idp.login import requirements
from idp.login.requirements import Circumstances
from tests.backends import Clock
from tests.login.second_step import enrol, is_second_step
from tests.provider import Browser, Provider

SHOP, OFFICE = "198.51.100.7", "192.0.2.10"


@pytest.fixture
def plain(open_provider: Callable[..., Provider]) -> Provider:
    """Nobody is asked for a second factor but by a rule."""
    return open_provider(factors={"personal": "never"})


def nobody(*_: Any) -> None:
    """No record is read here."""


def needed(*rules: FactorRule, groups: tuple[str, ...] = (), roles: tuple[str, ...] = (), app: str = "") -> Any:
    return requirements.needed(rules, Circumstances(groups, app, OFFICE, lambda: True, 0.0, roles))


def test_F9_all_rules_that_hold_count_and_the_strongest_wins_in_any_order() -> None:
    second, passkey, nobody_in = FactorRule(why="a"), FactorRule(need="phishing-resistant"), FactorRule(need="deny")
    assert needed(second, passkey).level == needed(passkey, second).level == "phishing-resistant"
    assert needed(second, nobody_in, passkey).level == "deny"
    assert needed(FactorRule(need="none", max_age_minutes=30), second).level == "second"


def test_F9_of_equals_the_first_in_the_list_says_why_and_the_due_date_is_the_earliest() -> None:
    found = needed(FactorRule(why="first"), FactorRule(why="second"))
    assert (found.why, found.rule.why) == ("first", "first")
    assert needed(FactorRule(grace_days=9), FactorRule(grace_days=2)).due == 2 * 86400.0


def test_R4_the_shortest_age_of_all_rules_that_hold_counts_beside_what_another_needs() -> None:
    found = needed(FactorRule(need="none", max_age_minutes=60), FactorRule(), FactorRule(max_age_minutes=5))
    assert (found.level, found.max_age, found.age_rule.max_age_minutes) == ("second", 300.0, 5)


def test_B2_a_rule_for_a_role_concerns_nobody_else() -> None:
    rule = FactorRule(need="phishing-resistant", roles=["owner", "admin"])
    assert needed(rule, roles=("admin",)).level == "phishing-resistant"
    assert needed(rule, roles=("help_desk",)).level == needed(rule).level == ""
    assert requirements.why_not(rule, Circumstances((), "", OFFICE, lambda: True, 0.0)) == "roles"


@pytest.mark.parametrize("way", ["add", "change", "turn", "remove", "restore"])
def test_C2_a_changed_rule_holds_at_the_next_hop_in_every_process(plain: Provider, clock: Clock, way: str) -> None:
    other, app = plain.another(), plain.add_client()
    phone, browser = enrol(plain, clock), plain.browser()
    kept = plain.add_rule(need="second", groups=["nobody"])
    assert plain.sign_in(browser, app).code
    elsewhere = at(other, browser)
    assert other.authorize(elsewhere, app).code  # both processes have read the rules, and neither asks
    db, now = plain.services.db, clock()
    if way == "add":
        plain.add_rule(need="second")
    elif way == "change":
        keeping.change(db, kept, {}, now, record=nobody)
    else:
        strict = plain.add_rule(need="second")
        assert is_second_step(other.authorize(elsewhere, app))
        done: dict[str, Callable[[], Any]] = {
            "turn": lambda: keeping.turn(db, strict, False, now, record=nobody),
            "remove": lambda: keeping.remove(db, strict, now, record=nobody),
            "restore": lambda: keeping.remove(db, strict, now, record=nobody),
        }
        done[way]()
        assert other.authorize(elsewhere, app).code  # no moment has passed
        keeping.restore(db, strict, now, record=nobody) if way == "restore" else plain.add_rule(need="second")
    assert is_second_step(other.authorize(elsewhere, app))
    assert is_second_step(plain.authorize(browser, app))
    assert phone.code


def test_C2_a_sign_in_that_begins_after_a_change_is_held_to_it_in_every_process(plain: Provider, clock: Clock) -> None:
    other, app = plain.another(), plain.add_client()
    enrol(plain, clock)
    assert other.sign_in(other.browser(), app).code
    waiting = other.browser()
    page = other.authorize(waiting, app)
    plain.add_rule(need="second")
    assert is_second_step(waiting.log_in(page))


def test_C2_a_hop_costs_no_read_more_for_the_rules(plain: Provider, monkeypatch: pytest.MonkeyPatch) -> None:
    plain.add_rule(need="second", groups=["board"])
    plain.add_person()
    app, browser = plain.add_client(), plain.browser()
    plain.sign_in(browser, app)
    plain.authorize(browser, app)
    asked: list[str] = []
    for way in ("one", "all"):
        monkeypatch.setattr(type(plain.services.db), way, told(way, asked))
    assert plain.authorize(browser, app).code
    assert len(asked) == 1
    assert "sign_in_rules_version" in asked[0]


def told(way: str, asked: list[str]) -> Callable[..., Any]:
    from idp.db import Database

    real = getattr(Database, way)

    def look(db: Database, expression: Any, /, **params: Any) -> Any:
        asked.append(str(db.compiled(expression).sql))
        return real(db, expression, **params)

    return look


def test_C2_a_database_that_was_restored_has_the_rules_of_its_day(plain: Provider, clock: Clock) -> None:
    from idp.accounts.sign_in_rules import store

    db, rules = plain.services.db, plain.services.rules
    plain.add_rule(need="second")
    assert len(rules.refresh()) == 1
    with db.transaction() as tx:
        tx.run(store.sign_in_rules.delete())
        tx.run(store.sign_in_rules_version.update().values(n=0))
    assert rules.refresh() == ()


def test_B2_whom_a_rule_denies_gets_a_page_that_says_why_and_no_session(plain: Provider) -> None:
    plain.add_rule(need="deny", outside=["192.0.2.0/24"], why="Only from the office.")
    plain.add_person()
    app, away, here = plain.add_client(), plain.browser(SHOP), plain.browser(OFFICE)
    page = away.log_in(plain.authorize(away, app))
    assert page.status == 403
    assert "Only from the office." in page.text
    assert not away.cookie("session")
    assert plain.sign_in(here, app).code


def test_B2_a_denied_hop_shows_no_way_on_and_a_silent_one_tells_the_application(plain: Provider) -> None:
    plain.add_person()
    app, browser = plain.add_client(), plain.browser(SHOP)
    plain.sign_in(browser, app)
    plain.add_rule(need="deny", apps=[app.id], networks=["198.51.100.0/24"])
    assert plain.authorize(browser, app).status == 403
    assert plain.authorize(browser, app, prompt="none").error == "access_denied"
    assert plain.authorize(browser, plain.add_client("Wiki")).code  # it is about one application


def test_R4_a_rule_asks_anew_for_one_application_after_its_time(plain: Provider, clock: Clock) -> None:
    plain.add_person()
    pay, wiki, browser = plain.add_client("Pay"), plain.add_client("Wiki"), plain.browser()
    plain.add_rule(need="none", max_age_minutes=30, apps=[pay.id])
    plain.sign_in(browser, pay)
    clock.advance(29 * 60)
    assert plain.authorize(browser, pay).code
    clock.advance(2 * 60)
    assert plain.authorize(browser, wiki).code
    assert plain.authorize(browser, pay, prompt="none").error == "login_required"
    assert browser.log_in(plain.authorize(browser, pay)).code
    assert plain.authorize(browser, pay).code


def test_B2_rules_of_the_settings_file_hold_beside_and_come_first(open_provider: Callable[..., Provider]) -> None:
    provider = open_provider(factors={"rules": [{"need": "second", "groups": ["board"], "name": "Board"}]})
    provider.add_rule(need="deny", groups=["board"])
    fixed, kept = provider.services.rules.refresh()
    assert (fixed.id, fixed.name, fixed.fixed, kept.fixed) == ("file-1", "Board", True, False)
    assert isinstance(kept, sign_in_rules.Rule)


def test_C1_the_rules_are_kept_in_order_and_moved(database_url: str, tmp_path: Any, clock: Clock) -> None:
    provider = Provider.open(tmp_path / "p", clock, server={"issuer": "https://login.example"},
                             storage={"database_url": database_url})  # fmt: skip
    try:
        one, two, three = (provider.add_rule(name=name) for name in ("one", "two", "three"))
        db = provider.services.db
        keeping.move(db, [three, one], clock(), record=nobody)
        assert [kept.rule.name for kept in keeping.list_of(db)] == ["three", "one", "two"]
        keeping.remove(db, one, clock(), record=nobody)
        assert [rule.id for rule in provider.services.rules.refresh()] == [three, two]
        assert provider.another().services.rules.current() == provider.services.rules.current()
        with pytest.raises(keeping.UnknownRule):
            keeping.change(db, one, {}, clock(), record=nobody)
        assert keeping.restore(db, one, clock(), record=nobody).rule.name == "one"
        keeping.remove(db, two, clock(), record=nobody)
        clock.advance(keeping.RESTORABLE)
        with pytest.raises(keeping.UnknownRule):
            keeping.restore(db, two, clock(), record=nobody)
        clock.advance(1)
        assert keeping.sweep(db, clock()) == 1
    finally:
        provider.close()


@pytest.mark.parametrize(
    "said",
    [{"need": "none"}, {"need": "deny", "grace_days": 3}, {"need": "deny", "max_age_minutes": 5}, {"roles": ["boss"]}],
)
def test_B5_a_rule_that_says_nothing_or_two_things_is_no_rule(said: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"need|roles"):
        FactorRule.model_validate(said)


def at(provider: Provider, browser: Browser) -> Browser:
    """The same browser, led to another process."""
    other = provider.browser()
    other.cookies = browser.cookies
    return other
