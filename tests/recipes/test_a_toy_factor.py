"""The recipe "Add a second factor" of CONTRIBUTING.md, followed to the letter: its two blocks and no line of ours."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from idp.accounts import factors
from idp.accounts.factors import kinds
from idp.accounts.factors.kinds import Kind
from idp.accounts.person import Person
from idp.audit.searching import Wanted, latest
from idp.login.authenticators import removal
from idp.login.authn import MFA, SUPPORTED_ACR
from tests.login.second_step import claims
from tests.provider import Answer, Browser, Provider
from tests.recipes.guide import blocks

RULE = {"need": "second", "groups": ["finance"], "why": "Finance handles payments."}
NUMBER = "B7-40312"


@pytest.fixture
def row(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Kind]:
    """The file in a folder of the test's own, and the row that names it; taken out again."""
    source, line = blocks("Add a second factor")
    (tmp_path / "toy_badge.py").write_text(source)
    monkeypatch.syspath_prepend(tmp_path)
    made = eval(line.replace("idp.login.authenticators.badge", "toy_badge"), vars(kinds))  # the block as it stands
    assert isinstance(made, Kind)
    kinds.add(made)
    yield made
    del kinds.KINDS[made.kind]
    for name in made.methods:
        del kinds.METHODS[name]


@pytest.fixture
def ann(provider: Provider, row: Kind) -> Person:
    """Ann, whose badge the help desk has entered."""
    person = provider.add_person("ann")
    keep(provider, person, row.kind)
    return person


def keep(provider: Provider, person: Person, kind: str, label: str = "Blue badge") -> None:
    services = provider.services
    sealed = services.sealer.seal(kind, NUMBER.encode())
    with services.db.transaction() as tx:
        factors.add(tx, services.clock(), person.id, kind, label, sealed=sealed)


def is_asked(page: Answer) -> bool:
    return page.status == 200 and "Take your badge" in page.dom.text


def test_it_is_asked_for_and_the_application_hears_of_it(provider: Provider, browser: Browser, ann: Person) -> None:
    app = provider.add_client()
    page = browser.log_in(provider.authorize(browser, app))
    assert is_asked(page)
    told = claims(provider, app, browser.submit(page, code=NUMBER))
    assert (told["amr"], told["acr"]) == (["pwd", "hwk", "mfa"], MFA)


def test_a_wrong_one_is_told_counted_and_no_session(provider: Provider, browser: Browser, ann: Person) -> None:
    page = browser.log_in(browser.get(""))
    for wrong in range(5):
        page = browser.submit(page, code=f"B7-0000{wrong}")
        assert not browser.cookie("session")
    assert "Too many wrong codes" in browser.submit(page, code=NUMBER).dom.text
    assert not browser.cookie("session")
    failed = latest(provider.services.db, Wanted(person_id=ann.id, action="factor:failed"), 10)
    assert {event.detail["kind"] for event in failed} == {"badge"}


def test_pages_call_it_by_its_name(provider: Provider, browser: Browser, ann: Person) -> None:
    page = browser.submit(browser.log_in(browser.get("")), "other", form=1)
    assert "Company badge" in page.dom.text
    browser.submit(browser.submit(page, "badge"), code=NUMBER)
    assert "Company badge" in browser.get("activity").dom.text
    shown = browser.get("security").dom.text
    assert "Blue badge" in shown
    assert "Company badge" in shown
    assert kinds.told("badge") == "Company badge"


def test_a_rule_keeps_the_last_one_and_lets_it_go_beside_another(
    open_provider: Callable[..., Provider], row: Kind
) -> None:
    """It counts by its own row, and is never taken for another kind."""
    provider = open_provider(factors={"rules": [RULE]})
    person = provider.add_person("ann", groups=("finance",))
    keep(provider, person, row.kind)
    (held,) = factors.list_of(provider.services.db, person.id)
    assert kinds.shown_by(held) == ("badge",)
    assert removal.check_removable(provider.services, person, held) is not None
    keep(provider, person, row.kind, "The second one")
    assert removal.check_removable(provider.services, person, held) is None


def test_of_a_kind_that_knows_no_factor_it_meets_no_rule(open_provider: Callable[..., Provider], row: Kind) -> None:
    """Something known beside a password is not two (NIST SP 800-63B-4 §2): the row decides, wherever it is asked."""
    kinds.add(replace(row, methods={"badge": replace(row.methods["badge"], factors=frozenset({"known"}))}))
    provider = open_provider(factors={"rules": [RULE]})
    person = provider.add_person("ann", groups=("finance",))
    keep(provider, person, row.kind)
    visitor = provider.browser()
    assert not is_asked(visitor.log_in(visitor.get("")))


def test_a_kind_that_was_taken_out_proves_nothing_and_breaks_nothing(
    provider: Provider, browser: Browser, ann: Person, row: Kind
) -> None:
    browser.submit(browser.log_in(browser.get("")), code=NUMBER)
    del kinds.KINDS["badge"], kinds.METHODS["badge"]
    try:
        told = claims(provider, app := provider.add_client(), provider.authorize(browser, app))
        assert (told["amr"], told["acr"]) == (["pwd"], SUPPORTED_ACR[1])
        assert "Blue badge" in browser.get("security").dom.text
        assert browser.get("activity").status == 200
        (held,) = factors.list_of(provider.services.db, ann.id)
        assert kinds.shown_by(held) == ()
    finally:
        kinds.add(row)
