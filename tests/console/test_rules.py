"""The room Sign-in rules: listed, made with the numbers first, moved, undone, tried (B2, B5, C6)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from idp.accounts.roles import RoleGrant
from idp.accounts.sign_in_rules import keeping
from tests.console.conftest import Enter, form_at, form_key
from tests.provider import HOME, Answer, Browser, Provider

NASTY = "<script>alert(1)</script>\"'&{{7*7}}"
FIXED = [{"need": "second", "name": "From the file", "groups": ["board"]}]


@pytest.fixture
def provider(open_provider: Callable[..., Provider]) -> Provider:
    return open_provider(admin={"second_factor": False}, factors={"personal": "never", "rules": FIXED})


def names(provider: Provider) -> list[str]:
    return [kept.rule.name for kept in keeping.list_of(provider.services.db)]


def send(owner: Browser, path: str, page: Answer | None = None, **fields: Any) -> Answer:
    page = page or owner.get(path)
    pairs = [(name, one) for name, value in fields.items() for one in (value if isinstance(value, list) else [value])]
    return owner.open("POST", "/" + path, [*form_key(page).items(), *pairs])


def press(owner: Browser, do: str, rule: str, **more: str) -> Answer:
    return send(owner, "admin/rules", owner.get("admin/rules/new"), do=do, rule=rule, **more)


def test_B5_a_new_rule_is_made_after_its_numbers_were_seen(provider: Provider, owner: Browser) -> None:
    for n in range(12):
        provider.add_person(f"p{n}", groups=["finance"])
    page = owner.get("admin/rules/new")
    answer = owner.submit(page, form=form_at(page, "/admin/rules/new"), name="Money", groups="Finance\n", why="Audit.")
    assert answer.status == 200
    assert "12 people without such a factor will be asked to set one up." in answer.dom.text
    assert names(provider) == []  # nothing is changed yet
    done = owner.submit(answer, form=form_at(answer, "/admin/rules/new"))
    assert done.is_redirect
    assert "The rule holds from now on" in owner.follow(done).dom.text
    (kept,) = keeping.list_of(provider.services.db)
    assert (kept.rule.groups, kept.rule.why, kept.rule.enabled) == (("Finance",), "Audit.", True)


def test_B2_fixed_rules_are_shown_as_such_and_have_no_buttons(provider: Provider, owner: Browser) -> None:
    provider.add_rule(name="Kept")
    page = owner.get("admin/rules")
    assert page.dom.text.index("From the file") < page.dom.text.index("Kept")
    assert "These are changed in the file" in page.dom.text
    assert not [form for form in page.dom.forms if ("rule", "file-1") in form.fields]
    assert owner.get("admin/rules/file-1").status == 404
    assert press(owner, "off", "file-1").status == 409


def test_B5_what_was_typed_is_kept_and_each_wrong_field_is_named(provider: Provider, owner: Browser) -> None:
    page = send(owner, "admin/rules/new", name="", networks="office", groups="nobody", starts="x", why="Because.")
    assert page.status == 422
    assert "Because." in page.text
    for field in ("networks", "starts"):
        assert page.dom.find("p", id=f"{field}-problem"), field
    page = send(owner, "admin/rules/new", name="", groups="nobody", roles=["owner", "boss"])
    assert page.dom.find("p", id="name-problem")
    assert page.dom.find("p", id="groups-problem")


def test_B5_a_rule_that_would_shut_owners_out_is_refused_with_the_reason(provider: Provider, owner: Browser) -> None:
    page = send(owner, "admin/rules/new", name="Nobody", need="deny")
    assert page.status == 409
    assert "This would leave no owner a way in." in page.dom.text
    page = send(owner, "admin/rules/new", name="Nobody", need="deny", networks=f"{HOME}/32", sure="yes")
    assert page.status == 409
    assert "This would shut you out from where you are now." in page.dom.text
    assert names(provider) == []


def test_C2_an_admin_reads_why_a_rule_that_protects_owners_stays_and_finds_what_was_typed(
    provider: Provider, owner: Browser, enter: Enter
) -> None:
    rule, admin = provider.add_rule(name="All", max_age_minutes=600), enter("adele", RoleGrant("admin"))
    page = send(admin, f"admin/rules/{rule}", name="All", need="none", max_age_minutes="600", why="Because.",
                edition=edition(provider, rule))  # fmt: skip
    assert page.status == 409
    assert "Only an owner may do that" in page.dom.text
    assert "Because." in page.text
    for do in ("off", "remove"):
        page = press(admin, do, rule, sure="yes")
        assert page.status == 409
        assert "Only an owner may do that" in page.dom.text
    assert press(owner, "off", rule, sure="yes").is_redirect


def test_B2_rules_are_moved_turned_off_removed_and_brought_back(provider: Provider, owner: Browser) -> None:
    one, two = provider.add_rule(name="One", groups=["x"]), provider.add_rule(name="Two")
    assert press(owner, "up", two).is_redirect
    assert names(provider) == ["Two", "One"]
    page = press(owner, "off", two)
    assert "1 person may sign in with less than before." in page.dom.text
    assert keeping.list_of(provider.services.db)[0].rule.enabled
    assert owner.submit(page, form=form_at(page, "/admin/rules")).is_redirect
    assert not keeping.list_of(provider.services.db)[0].rule.enabled
    assert press(owner, "remove", one).is_redirect  # nobody is in its group
    assert names(provider) == ["Two"]
    assert "Removed in the last 30 days" in owner.get("admin/rules").dom.text
    assert press(owner, "restore", one).status == 409  # its group is no more
    provider.add_person("ann", groups=["x"])
    assert press(owner, "restore", one, sure="yes").is_redirect
    assert names(provider) == ["Two", "One"]
    assert press(owner, "remove", "r0").status == 409


def test_C6_a_change_stands_with_its_difference_and_is_undone(provider: Provider, owner: Browser) -> None:
    rule = provider.add_rule(name="Money")
    send(owner, f"admin/rules/{rule}", name="Cash", need="second", edition=edition(provider, rule), sure="yes")
    page = owner.get("admin/rules/history")
    assert "Money" in page.dom.text
    assert "Cash" in page.dom.text
    assert owner.submit(page, form=form_at(page, "/history")).is_redirect
    assert names(provider) == ["Money"]
    again = owner.submit(page, form=form_at(page, "/history"))
    assert again.status == 409
    assert "nothing was undone" in again.dom.text


def test_C4_the_form_of_somebody_else_is_not_overwritten(provider: Provider, owner: Browser) -> None:
    rule = provider.add_rule(name="Money")
    page = owner.get(f"admin/rules/{rule}")
    keeping.change(provider.services.db, rule, {"name": "Cash"}, 0.0, record=lambda *_: None)
    answer = owner.submit(page, form=form_at(page, f"/{rule}"), why="Mine.")
    assert answer.status == 409
    assert "Mine." in answer.text
    assert names(provider) == ["Cash"]


def test_B2_an_application_is_named_by_its_name(provider: Provider, owner: Browser) -> None:
    app = provider.add_client("Payroll")
    send(owner, "admin/rules/new", name="Pay", need="none", max_age_minutes="30", apps="Payroll", sure="yes")
    (kept,) = keeping.list_of(provider.services.db)
    assert (kept.rule.apps, kept.rule.max_age_minutes) == ((app.id,), 30)
    assert "Payroll" in owner.get(f"admin/rules/{kept.rule.id}").text
    assert "Payroll" in owner.get("admin/rules").dom.text


def test_B2_a_sign_in_is_tried_out_and_each_rule_says_why_not(provider: Provider, owner: Browser) -> None:
    provider.add_person("ann", groups=["sales"])
    provider.add_rule(name="Away", outside=["10.0.0.0/8"], why="From home.")
    page = owner.get("admin/rules/try?person=ann&address=203.0.113.9&device=new")
    assert "They set up one of these:" in page.dom.text
    assert "They are in." in page.dom.text
    assert "They are in none of its groups." in page.dom.text
    assert "It decides what is needed." in page.dom.text
    page = owner.get("admin/rules/try?person=ann&address=10.1.1.1&device=new")
    assert "The address is in one of its networks." in page.dom.text
    provider.add_rule(name="Shut", need="deny", roles=["auditor"], groups=["sales"])
    wrong = owner.get("admin/rules/try?person=an&address=office&app=x&ago=soon&at=never")
    assert wrong.status == 422
    assert {one for one in ("person", "app", "at", "ago") if wrong.dom.find("p", id=f"{one}-problem")} == {
        "person", "app", "at", "ago",
    }  # fmt: skip
    assert owner.get("admin/rules/try?person=ann&address=office").dom.find("p", id="address-problem")


def test_S59_who_looks_after_a_part_finds_no_rules(provider: Provider, enter: Enter) -> None:
    provider.add_rule(name="Secret rule")
    desk = enter("dora", RoleGrant("help_desk"))
    for path in ("", "/new", "/try", "/history"):
        answer = desk.get(f"admin/rules{path}")
        assert answer.status == 403
        assert "Secret rule" not in answer.text
    assert "Sign-in rules" not in desk.get("admin").dom.text


def test_C2_an_auditor_reads_and_has_no_button(provider: Provider, enter: Enter) -> None:
    rule = provider.add_rule(name="Money")
    eve = enter("eve", RoleGrant("auditor"))
    page = eve.get("admin/rules")
    assert "Money" in page.dom.text
    assert not [form for form in page.dom.forms if ("rule", rule) in form.fields]
    assert eve.get("admin/rules/try?person=eve&address=10.0.0.1").status == 200
    assert eve.get("admin/rules/new").status == 403


def test_S59_hostile_names_are_text_on_every_page(provider: Provider, owner: Browser) -> None:
    provider.add_person("ann", groups=["<b>g</b>"])
    rule = provider.add_rule(name=NASTY, why=NASTY, groups=["<b>g</b>"], apps=["<i>c</i>"])
    pages = ("", "/history", f"/{rule}", "/try?person=ann&address=10.0.0.1", "/try?person=%3Cb%3Ex&address=%3Cb%3E")
    for path in pages:
        text = owner.get(f"admin/rules{path}").text
        assert "<script>alert(1)" not in text
        assert "<i>c" not in text


def test_B3_people_without_the_factor_that_a_rule_asks_for_need_attention(provider: Provider, owner: Browser) -> None:
    from idp.admin import attention

    provider.add_person("ann", groups=["board"])
    provider.add_person("bob", groups=["board"])
    attention.examine(provider.services)
    assert "2 people have no second factor that a sign-in rule asks for." in owner.get("admin").dom.text


def test_B2_a_group_names_the_rules_that_name_it(provider: Provider, owner: Browser) -> None:
    provider.add_person("ann", groups=["finance"])
    provider.add_rule(name="Money", groups=["FINANCE"])
    from idp.accounts import groups

    group = groups.find(provider.services.db, "finance")
    assert group is not None
    page = owner.get(f"admin/groups/{group.id}")
    assert "Money" in page.dom.text
    assert "1 sign-in rule names it and holds for nobody by it any more." in page.dom.text


def edition(provider: Provider, rule_id: str) -> str:
    found = keeping.find(provider.services.db, rule_id)
    assert found is not None
    return keeping.edition(found.rule)
