"""Groups, cases, access requests and new people in the console: U1, U4, R8, C2, B5."""

from __future__ import annotations

import pytest

from clients.access import Access
from idp.accounts import cases, groups, roles
from idp.accounts.roles import RoleGrant
from idp.wire import Request
from tests.console.conftest import Enter, give
from tests.provider import Answer, Browser, Provider

HOSTILE = "<script>alert(1)</script>\"'><img src=x>"


def _submit(browser: Browser, page: Answer, named: str, **values: str) -> Answer:
    """Send the form that has this field or button."""
    number = next(n for n, form in enumerate(page.dom.forms) if named in form.names() or ("do", named) in form.fields)
    return browser.submit(page, form=number, **values)


def _group(provider: Provider, name: str) -> str:
    found = groups.find(provider.services.db, name)
    assert found is not None
    return f"admin/groups/{found.id}"


def _case(provider: Provider, username: str, text: str, kind: str = cases.HELP, about: str = "") -> cases.Case:
    person = provider.services.directory.find_by_login(username)
    assert person is not None
    request = Request({"REQUEST_METHOD": "POST", "REMOTE_ADDR": "203.0.113.9", "wsgi.input": None})
    return cases.open_case(provider.services, person.id, kind, text, request, about=about)


# -- groups ------------------------------------------------------------------------------------------------------------


def test_a_group_is_made_filled_and_emptied(provider: Provider, owner: Browser) -> None:
    anna = provider.add_person("anna")
    made = _submit(owner, owner.get("admin/groups"), "name", name="Sales")
    page = owner.follow(made)
    assert "0 people" in page.dom.text
    wrong = _submit(owner, page, "add", person="ana")
    assert wrong.status == 422
    assert "Did you mean anna?" in wrong.dom.text
    page = owner.follow(_submit(owner, page, "add", person="anna@example.com"))
    assert "They are in the group from now on" in page.dom.text
    assert provider.services.directory.get(anna.id).groups == ("Sales",)
    assert "1" in owner.get("admin/groups?q=ale").dom.text
    owner.follow(_submit(owner, page, "take"))
    assert provider.services.directory.get(anna.id).groups == ()


def test_C6_what_was_done_with_a_group_is_taken_back_from_its_page(provider: Provider, owner: Browser) -> None:
    provider.add_person("anna")
    owner.follow(_submit(owner, owner.get("admin/groups"), "name", name="Sales"))
    page = owner.follow(_submit(owner, owner.get(_group(provider, "Sales")), "add", person="anna"))
    assert "Who is in it" in page.dom.text
    history = owner.get(f"{_group(provider, 'Sales')}/history")
    assert "Who is in it" in history.dom.text
    undone = owner.follow(_submit(owner, history, "undo"))
    assert "It is as it was before that change" in undone.dom.text
    assert provider.services.directory.find_by_login("anna").groups == ()  # type: ignore[union-attr]
    again = _submit(owner, history, "undo")  # from the page of before
    assert again.status == 409
    assert "changed again since then" in again.dom.text


def test_a_renamed_group_takes_its_people_applications_and_roles_along(provider: Provider, owner: Browser) -> None:
    anna = provider.add_person("anna", groups=("Sales",))
    app = provider.add_client("Payroll", access=Access.only(groups=["Sales"]))
    desk = provider.add_person("desk")
    give(provider, desk.id, RoleGrant("help_desk", ("Sales",)))
    page = owner.get(_group(provider, "Sales"))
    assert "Payroll" in page.dom.text
    owner.follow(_submit(owner, page, "rename", name="Selling"))
    services = provider.services
    services.registry.refresh()
    client = services.registry.find(app.id)
    assert client is not None
    assert client.access.groups == {"Selling"}
    assert services.directory.get(anna.id).groups == ("Selling",)
    (grant,) = roles.grants_of(services.db, desk.id, ("help_desk",), services.clock())
    assert grant.scope == ("Selling",)
    provider.add_person("bert", groups=("Other",))
    refused = _submit(owner, owner.get(_group(provider, "Selling")), "rename", name="other")
    assert refused.status == 422
    assert "already" in refused.dom.text


def test_U1_a_group_is_described_owned_and_put_into_another(provider: Provider, owner: Browser) -> None:
    anna = provider.add_person("anna", groups=("North",))
    provider.add_person("bert", groups=("Sales",))
    sales = _group(provider, "Sales")
    page = owner.follow(_submit(owner, owner.get(sales), "description", description="Who visits customers"))
    assert "Who visits customers" in page.dom.text
    wrong = _submit(owner, page, "inner", inner="Nort")
    assert wrong.status == 422
    assert "Did you mean North?" in wrong.dom.text
    page = owner.follow(_submit(owner, page, "inner", inner="north"))
    assert "Whoever is in that group is in this one" in page.dom.text
    assert provider.services.directory.get(anna.id).groups == ("North", "Sales")
    ring = _submit(owner, owner.get(_group(provider, "North")), "inner", inner="Sales")
    assert ring.status == 422
    assert "cannot be in itself" in ring.dom.text
    page = owner.follow(_submit(owner, page, "owner", owner="anna"))
    assert "A group was put in" in page.dom.text
    assert [form for form in page.dom.forms if ("do", "disown") in form.fields]
    page = owner.follow(_submit(owner, page, "disown"))
    owner.follow(_submit(owner, page, "take_out"))
    assert provider.services.directory.get(anna.id).groups == ("North",)
    assert "bert" in owner.get(f"{sales}?q=BER").dom.text
    assert "bert" not in owner.get(f"{sales}?q=anna").dom.text


def test_I7_a_group_of_a_source_is_read_only_until_an_owner_says_otherwise(provider: Provider, owner: Browser) -> None:
    services = provider.services
    bert = provider.add_person("bert", groups=("Entra",))
    found = groups.find(services.db, "Entra")
    assert found is not None
    groups.provide(services.db, found, "scim:1", "guid", services.clock(), record=lambda *_: None)
    page = owner.get(_group(provider, "Entra"))
    assert "Provided by scim:1" in page.dom.text
    assert not [form for form in page.dom.forms if ("do", "add") in form.fields or ("do", "rename") in form.fields]
    page = owner.follow(_submit(owner, page, "also"))
    assert [form for form in page.dom.forms if ("do", "add") in form.fields]
    provider.add_person("cy")
    owner.follow(_submit(owner, page, "add", person="cy"))
    assert services.directory.get(bert.id).groups == ("Entra",)


def test_B5_a_group_says_what_its_end_means_before_it_ends(provider: Provider, owner: Browser) -> None:
    anna = provider.add_person("anna", groups=("Sales",))
    provider.add_client("Payroll", access=Access.only(groups=["Sales"]))
    page = owner.get(_group(provider, "Sales"))
    assert "1 person leaves it, and stays." in page.dom.text
    assert "1 application names it" in page.dom.text
    owner.follow(_submit(owner, page, "remove"))
    assert groups.find(provider.services.db, "Sales") is None
    assert provider.services.directory.get(anna.id).groups == ()


def test_C2_nobody_moves_an_owner_into_a_group_who_may_do_less(provider: Provider, enter: Enter) -> None:
    enter("boss", RoleGrant("owner"))
    provider.add_person("anna", groups=("Sales",))
    admin = enter("admin", RoleGrant("admin"))
    assert _submit(admin, admin.get(_group(provider, "Sales")), "add", person="boss").status == 403
    auditor = enter("auditor", RoleGrant("auditor"))
    assert not [form for form in auditor.get(_group(provider, "Sales")).dom.forms if ("do", "add") in form.fields]


# -- cases -------------------------------------------------------------------------------------------------------------


def test_U4_a_case_has_the_story_of_its_error_id(provider: Provider, owner: Browser) -> None:
    provider.add_person("anna")
    stranger = provider.browser()
    error = stranger.get("oauth/authorize?client_id=nobody&redirect_uri=https%3A%2F%2Fcrm.example%2Fcb")
    assert error.error_id
    case = _case(provider, "anna", f"The page shows {error.error_id.lower()}, what now?")
    assert case.id in owner.get("admin/cases").dom.text
    text = owner.get(f"admin/cases/{case.id}").dom.text
    assert f"What happened: {error.error_id}" in text
    assert "The fix" in text


def test_a_case_is_noted_on_and_closed_once(provider: Provider, owner: Browser) -> None:
    provider.add_person("anna")
    case = _case(provider, "anna", "Help, please.")
    page = owner.get(f"admin/cases/{case.id}")
    number = next(n for n, form in enumerate(page.dom.forms) if "do" in form.names())
    assert owner.submit(page, "note", form=number, note=" ").status == 422
    assert "Called back" in owner.follow(owner.submit(page, "note", form=number, note="Called back.")).dom.text
    assert "The case is closed" in owner.follow(owner.submit(page, "close", form=number, note="Done.")).dom.text
    assert owner.submit(page, "close", form=number, note="Again.").status == 422
    assert case.id not in owner.get("admin/cases").dom.text
    assert case.id in owner.get("admin/cases?show=all").dom.text


def test_C2_the_help_desk_of_a_group_sees_its_own_cases_alone(provider: Provider, enter: Enter) -> None:
    provider.add_person("mine", groups=("A",))
    provider.add_person("theirs", groups=("B",))
    own, other = _case(provider, "mine", "Mine."), _case(provider, "theirs", "Theirs.")
    desk = enter("desk", RoleGrant("help_desk", ("A",)))
    listed = desk.get("admin/cases").dom.text
    assert own.id in listed
    assert other.id not in listed
    assert desk.get(f"admin/cases/{own.id}").status == 200
    assert desk.get(f"admin/cases/{other.id}").status == 403
    form = desk.get("profile").dom.forms[0].fields
    assert desk.post(f"admin/cases/{other.id}", [*form, ("do", "close"), ("note", "x")]).status == 403
    assert cases.find(provider.services.db, other.id).is_open  # type: ignore[union-attr]


def test_R8_an_app_admin_lets_somebody_in_with_one_press_and_they_are_told(provider: Provider, enter: Enter) -> None:
    provider.add_person("anna")
    payroll = provider.add_client("Payroll", access=Access.only(groups=["B"]))
    secret = provider.add_client("Secret", access=Access.only(groups=["B"]))
    mine = _case(provider, "anna", "anna asks", cases.ACCESS, payroll.id)
    other = _case(provider, "anna", "anna asks", cases.ACCESS, secret.id)
    keeper = enter("keeper", RoleGrant("app_admin", (payroll.id,)))
    page = keeper.get("admin/requests")
    assert "Payroll" in page.dom.text
    assert "Secret" not in page.dom.text
    form = page.dom.forms[0].fields
    key = keeper.get("profile").dom.forms[0].fields
    assert keeper.post("admin/requests", [*key, ("case", other.id), ("do", "grant")]).status == 403
    assert form
    done = keeper.follow(_submit(keeper, page, "case"))
    assert "may open it now" in done.dom.text
    services = provider.services
    services.registry.refresh()
    anna = services.directory.find_by_login("anna")
    client = services.registry.find(payroll.id)
    assert anna is not None
    assert client is not None
    assert anna.id in client.access.persons
    assert not cases.find(services.db, mine.id).is_open  # type: ignore[union-attr]
    assert _submit(keeper, page, "case").status == 404, "granted twice is said, not done"


# -- new people --------------------------------------------------------------------------------------------------------


def test_U1_somebody_is_added_and_nothing_is_called_mailed_that_was_not(provider: Provider, owner: Browser) -> None:
    provider.add_person("bert", groups=("Sales",))
    page = owner.get("admin/people/new")
    values = {"name": "Nina New", "email": "nina@example.com", "groups": "Sales", "by_mail": "1"}
    added = _submit(owner, page, "username", **values)
    assert added.status == 200
    assert "Nina New is added" in added.dom.text
    assert "No invitation was mailed" in added.dom.text
    assert "has left" not in added.dom.text
    link = added.text.partition("/setup/")[2].partition("<")[0]
    assert link
    nina = provider.services.directory.find_by_login("nina@example.com")
    assert nina is not None
    assert nina.groups == ("Sales",)
    assert link not in owner.get(f"admin/people/{nina.id}").text
    assert "nina" in owner.get("admin/people?show=invited").dom.text


def test_B5_a_wrong_new_person_keeps_what_was_typed(provider: Provider, owner: Browser) -> None:
    provider.add_person("bert")
    page = owner.get("admin/people/new")
    values = {"name": "Bert Again", "username": "bert", "email": "not an address", "groups": "Nowhere"}
    refused = _submit(owner, page, "username", **values)
    assert refused.status == 422
    for typed in values.values():
        assert typed in refused.text
    wrong = {about["id"] for _, about in refused.dom.elements if about.get("aria-invalid") == "true"}
    assert {"email", "groups"} <= wrong


@pytest.mark.parametrize("path", ["admin/groups", "admin/cases", "admin/requests"])
def test_S59_hostile_texts_are_text(provider: Provider, owner: Browser, path: str) -> None:
    provider.add_person("evil", name=HOSTILE, groups=(HOSTILE,))
    app = provider.add_client("Evil", access=Access.only(groups=[HOSTILE]))
    case = _case(provider, "evil", HOSTILE, HOSTILE)
    _case(provider, "evil", HOSTILE, cases.ACCESS, app.id)
    for page in (path, _group(provider, HOSTILE), f"admin/cases/{case.id}"):
        text = owner.get(page).text
        assert "<script>alert" not in text
        assert "<img" not in text
