"""The rooms of people in the console: U1, U2, U3, U7, C2, C6, B4, B5."""

from __future__ import annotations

import json
from typing import Any

import pytest

from idp.accounts.person import Person
from idp.accounts.roles import RoleGrant
from idp.audit.searching import Wanted, latest
from tests.backends import Clock
from tests.console.conftest import Enter, give
from tests.provider import Answer, Browser, Provider, write_address

PAGES = ("", "/edit", "/apps", "/roles", "/history", "/off")


def _person(provider: Provider, username: str) -> Person:
    person = provider.services.directory.find_by_login(username)
    assert person is not None
    return person


def _path(provider: Provider, username: str, page: str = "") -> str:
    return f"admin/people/{_person(provider, username).id}{page}"


def _fail(provider: Provider, username: str, times: int) -> None:
    stranger = provider.browser()
    for number in range(times):
        stranger.log_in(stranger.get(""), username, f"wrong number {number}")


def _press(browser: Browser, page: Answer, do: str, **values: str) -> Answer:
    """Press the button whose form does this."""
    for number, form in enumerate(page.dom.forms):
        if ("do", do) in form.fields and all(pair in form.fields for pair in values.items() if pair[0] == "factor"):
            return browser.submit(page, form=number, **values)
    raise AssertionError(f"nothing here does {do}")


def _follow(browser: Browser, answer: Answer) -> str:
    assert answer.status == 303, answer.dom.text
    return browser.follow(answer).dom.text


def _events(provider: Provider, username: str, action: str) -> list[Any]:
    return latest(provider.services.db, Wanted(person_id=_person(provider, username).id, action=action), 20)


# -- finding ---------------------------------------------------------------------------------------------------------


def _listed(answer: Answer) -> list[str]:
    """The ids of the rows, in their order."""
    links = [about["href"] for _, about in answer.dom.elements if "/admin/people/u" in about.get("href", "")]
    return [link.rsplit("/", 1)[-1] for link in links]


@pytest.mark.parametrize(
    "query", ["nna.mil", "Miller", "milLER ann", "anna.miller@example.com", "P-77", "example miller"]
)
def test_U1_half_of_anything_finds_a_person(provider: Provider, owner: Browser, query: str) -> None:
    anna = provider.add_person(
        "anna.miller", name="Anna Miller", email="anna.miller@example.com", employee_number="P-771"
    )
    provider.add_person("bert", name="Bert Weber", email="bert@elsewhere.example")
    assert _listed(owner.open("GET", f"admin/people?q={query}".replace(" ", "+"))) == [anna.id]


def test_U1_an_id_and_an_exact_name_come_first(provider: Provider, owner: Browser) -> None:
    """A picker that shows the first twenty hits of a substring never shows whoever is called exactly that."""
    exact = provider.add_person("spark")
    before = [provider.add_person(f"a-spark-{number:02}") for number in range(60)]
    first = _listed(owner.get("admin/people?q=spark"))
    assert first[0] == exact.id
    assert first.count(exact.id) == 1
    assert _listed(owner.get(f"admin/people?q={before[7].id}")) == [before[7].id]
    assert before[7].id in _listed(owner.get(f"admin/people?q={before[7].id[:9]}"))


def test_B4_pages_by_key_show_everybody_once(provider: Provider, owner: Browser) -> None:
    made = {provider.add_person(f"p{number:03}").id for number in range(120)}
    seen: list[str] = []
    page = owner.get("admin/people?q=p")
    while True:
        seen += _listed(page)
        following = page.dom.find("a", rel="next")
        if not following:
            break
        page = owner.get("admin/people" + following[0]["href"])
    assert made <= set(seen)
    assert len(seen) == len(set(seen))


def test_U1_filters_narrow_the_list(provider: Provider, owner: Browser) -> None:
    off, new, held = (provider.add_person(name) for name in ("off", "new", "held"))
    provider.services.directory.disable(off.id)
    _fail(provider, "held", 6)
    boss = _person(provider, "boss")

    def of(state: str) -> set[str]:
        return set(_listed(owner.get(f"admin/people?show={state}")))

    assert of("disabled") == {off.id}
    assert of("paused") == {held.id}
    assert of("never") == {off.id, new.id, held.id}
    assert of("role") == {boss.id}
    assert of("must_reset") == set()
    assert new.id in of("no_factor")
    assert of("made up") == {off.id, new.id, held.id, boss.id}


def test_the_list_says_of_each_how_they_stand(provider: Provider, owner: Browser) -> None:
    """Complaint 2: the state is a column of the same query."""
    provider.add_person("held")
    _fail(provider, "held", 6)
    assert "Paused" in owner.get("admin/people?q=held").dom.text
    _follow(owner, _press(owner, owner.get(_path(provider, "held")), "unlock"))
    assert "Paused" not in owner.get("admin/people?q=held").dom.text
    assert "Can sign in" in owner.get("admin/people?q=held").dom.text


def test_complaint_2_a_page_of_people_is_a_handful_of_statements(provider: Provider, owner: Browser) -> None:
    for number in range(40):
        provider.add_person(f"p{number:03}")
    reads, writes, answer = provider.counted(lambda: owner.get("admin/people?q=p0"))
    assert len(_listed(answer)) == 40
    assert len(reads) + len(writes) < 12, "not one for each row"


@pytest.mark.parametrize("query", ["%", "_", "\\", "'", '"', "%00", "\U0001f600", "*"])
def test_what_is_typed_is_only_text(provider: Provider, owner: Browser, query: str) -> None:
    from urllib.parse import quote

    provider.add_person("anna")
    answer = owner.get(f"admin/people?q={quote(query) if query != '%00' else query}&after=%25")
    assert answer.status == 200
    assert _person(provider, "anna").id not in _listed(answer)


# -- who sees whom -----------------------------------------------------------------------------------------------------


@pytest.fixture
def desk(provider: Provider, enter: Enter) -> Browser:
    """The help desk of group A, with somebody in it and somebody in another."""
    provider.add_person("mine", groups=("A",))
    provider.add_person("theirs", groups=("B",))
    return enter("desk", RoleGrant("help_desk", ("A",)))


def test_C2_the_help_desk_of_a_group_sees_and_touches_nobody_else(provider: Provider, desk: Browser) -> None:
    assert set(_listed(desk.get("admin/people"))) == {_person(provider, "mine").id}
    assert _listed(desk.get("admin/people?q=theirs")) == []
    assert _listed(desk.get(f"admin/people?q={_person(provider, 'theirs').id}")) == []
    for page in ("", "/apps", "/history"):
        assert desk.get(_path(provider, "mine", page)).status == 200
        assert desk.get(_path(provider, "theirs", page)).status == 403
        assert desk.get(f"admin/people/unobody{page}").status == 403, "nobody learns who is there"
    form = next(form.fields for form in desk.get(_path(provider, "mine")).dom.forms if ("do", "unlock") in form.fields)
    form = [pair for pair in form if pair[0] != "do"]
    for do in ("unlock", "link", "code", "factor", "session", "note"):
        sent = desk.post(_path(provider, "theirs"), [*form, ("do", do), ("reason", "because")])
        assert sent.status == 403, do
        assert "may not do this" in sent.dom.text, "refused for the person, not for the form"
    assert not _events(provider, "theirs", "person:unlocked")
    assert not _events(provider, "theirs", "admin_code:issued")


@pytest.mark.parametrize("role", ["owner", "admin", "auditor"])
def test_C2_the_help_desk_never_acts_on_somebody_with_more_rights(provider: Provider, enter: Enter, role: str) -> None:
    desk = enter("desk", RoleGrant("help_desk"))
    give(provider, provider.add_person("chief").id, RoleGrant(role))
    page = desk.get(_path(provider, "chief"))
    assert "may do more than you" in page.dom.text
    assert not [form for form in page.dom.forms if ("do", "unlock") in form.fields]
    key = next(pair for form in desk.get("profile").dom.forms for pair in form.fields if pair[0] == "form_key")
    for do in ("unlock", "link", "code", "session"):
        assert desk.post(_path(provider, "chief"), [key, ("do", do), ("reason", "x")]).status == 403
    assert not _events(provider, "chief", "link:made")


def test_C2_nobody_changes_their_own_roles_and_no_admin_gives_any(provider: Provider, enter: Enter) -> None:
    boss = enter("boss", RoleGrant("owner"))
    page = boss.get(_path(provider, "boss", "/roles"))
    assert "Nobody changes their own roles" in page.dom.text
    key = next(pair for form in page.dom.forms for pair in form.fields if pair[0] == "form_key")
    assert boss.post(_path(provider, "boss", "/roles"), [key, ("take", "owner")]).status == 403
    provider.add_person("anna")
    admin = enter("admin", RoleGrant("admin"))
    assert admin.get(_path(provider, "anna", "/roles")).status == 403


def test_C2_an_owner_gives_a_role_with_limits_and_an_end_and_takes_it_back(provider: Provider, owner: Browser) -> None:
    provider.add_person("anna", groups=("A",))
    page = owner.get(_path(provider, "anna", "/roles"))
    number = next(n for n, form in enumerate(page.dom.forms) if "until" in form.names())
    wrong = owner.submit(page, form=number, role="help_desk", scope="Z", until="soon")
    assert wrong.status == 422
    assert "There is no group “Z”" in wrong.dom.text
    assert "2026-12-31" in wrong.dom.text
    assert "soon" in wrong.text, "what was typed is there"
    given = owner.submit(page, form=number, role="help_desk", scope="A", until="2037-12-31")
    assert "They have the role" in _follow(owner, given)
    from idp.accounts import roles

    anna = _person(provider, "anna")
    (grant,) = roles.grants_of(provider.services.db, anna.id, anna.roles, provider.services.clock())
    assert (grant.role, grant.scope) == ("help_desk", ("A",))
    assert grant.until is not None
    page = owner.get(_path(provider, "anna", "/roles"))
    number = next(n for n, form in enumerate(page.dom.forms) if "take" in form.names())
    assert "taken back" in _follow(owner, owner.submit(page, form=number))
    assert _person(provider, "anna").roles == ()


def test_C2_the_last_owner_stays(provider: Provider, owner: Browser, enter: Enter) -> None:
    page = owner.get(_path(provider, "boss", "/off"))
    number = next(n for n, form in enumerate(page.dom.forms) if ("do", "off") in form.fields)
    refused = owner.submit(page, form=number)
    assert refused.status == 409
    assert "last owner" in refused.dom.text
    assert _person(provider, "boss").enabled


# -- helping -----------------------------------------------------------------------------------------------------------


def test_U3_journey_2_the_help_desk_sees_why_and_unlocks(provider: Provider, desk: Browser) -> None:
    _fail(provider, "mine", 5)
    page = desk.get(_path(provider, "mine"))
    assert "Wrong password ×5, then a pause until" in page.dom.text
    assert "new device" in page.dom.text
    assert "Paused after wrong tries" in page.dom.text
    assert "can try again now" in _follow(desk, _press(desk, page, "unlock"))
    assert "nothing is in the way" in desk.get(_path(provider, "mine")).dom.text
    visitor = provider.browser()
    assert not visitor.log_in(visitor.get(""), "mine").is_login_page
    (event,) = _events(provider, "mine", "person:unlocked")
    assert event.actor == f"person:{_person(provider, 'desk').id}"


def test_U3_a_code_needs_a_reason_and_is_shown_once(provider: Provider, desk: Browser) -> None:
    page = desk.get(_path(provider, "mine"))
    without = _press(desk, page, "code", reason="  ")
    assert without.status == 400
    assert "Say why, for the record" in without.dom.text
    assert not _events(provider, "mine", "admin_code:issued")
    issued = _press(desk, page, "code", reason="lost phone, known by voice")
    assert issued.status == 200
    code = issued.dom.find("code", id="the-code")
    assert code
    shown = issued.text.partition('id="the-code">')[2].partition("<")[0]
    assert len(shown) > 8
    again = desk.get(_path(provider, "mine"))
    assert shown not in again.text
    (event,) = _events(provider, "mine", "admin_code:issued")
    assert event.detail["reason"] == "lost phone, known by voice"
    assert shown.replace("-", "") not in json.dumps(dict(event.detail)).replace("-", "")


def test_U3_a_lost_factor_is_removed_with_a_reason_that_is_kept(provider: Provider, desk: Browser) -> None:
    from idp.accounts import factors

    mine = _person(provider, "mine")
    made = _add_factor(provider, mine.id)
    page = desk.get(_path(provider, "mine"))
    assert "My phone" in page.dom.text
    assert _press(desk, page, "factor", factor=made, reason="").status == 400
    assert factors.list_of(provider.services.db, mine.id)
    _follow(desk, _press(desk, page, "factor", factor=made, reason="stolen on the train"))
    assert not factors.list_of(provider.services.db, mine.id)
    (event,) = _events(provider, "mine", "factor:removed")
    assert event.detail["reason"] == "stolen on the train"
    assert _press(desk, page, "factor", factor=made, reason="twice").status == 400, "said, not done again"


def _add_factor(provider: Provider, person_id: str) -> str:
    from idp.accounts.factors import store
    from idp.ids import new_id

    factor_id = new_id(provider.services.clock())
    provider.services.db.run(
        store.INSERT, id=factor_id, person_id=person_id, kind="totp", label="My phone", key=None, sealed=None,
        data="{}", counter=0, created_at=provider.services.clock(), last_used_at=None,
    )  # fmt: skip
    return factor_id


def test_U3_a_link_that_reaches_nobody_is_not_called_sent(provider: Provider, desk: Browser) -> None:
    provider.services.directory.update(_person(provider, "mine").id, email=None)
    refused = _press(desk, desk.get(_path(provider, "mine")), "link")
    assert refused.status == 400
    assert "No link was sent" in refused.dom.text


def test_U3_the_help_desk_ends_sign_ins(provider: Provider, desk: Browser) -> None:
    visitor = provider.browser()
    visitor.log_in(visitor.get(""), "mine")
    assert visitor.get("profile").dom.find("a", href="/admin") == []
    page = desk.get(_path(provider, "mine"))
    assert "End 1 sign-in" in page.dom.text
    number = next(
        n for n, f in enumerate(page.dom.forms) if ("do", "session") in f.fields and "session" not in f.names()
    )
    assert "signed out everywhere" in _follow(desk, desk.submit(page, form=number))
    assert visitor.get("profile").is_login_page


def test_U3_the_page_never_has_a_secret(provider: Provider, desk: Browser) -> None:
    from idp.accounts import store

    mine = _person(provider, "mine")
    _press(desk, desk.get(_path(provider, "mine")), "link")
    row = provider.services.db.one(store.CREDENTIALS, person_id=mine.id)
    seen = "".join(desk.get(_path(provider, "mine", page)).text for page in ("", "/apps", "/history"))
    assert row.password_hash not in seen
    assert "dwl_" not in seen
    for page in ("/edit", "/off", "/roles", "/new"):
        assert desk.get(_path(provider, "mine", page)).status in (403, 404), page


# -- turning off -------------------------------------------------------------------------------------------------------


def test_U2_turning_off_says_what_ends_and_ends_it_at_once(provider: Provider, owner: Browser) -> None:
    app = provider.add_client("CRM")
    provider.add_person("leaver")
    visitor = provider.browser()
    tokens = provider.tokens(app, visitor, "leaver")
    assert provider.introspect(app, tokens["access_token"])["active"]
    page = owner.get(_path(provider, "leaver", "/off"))
    assert "1 sign-in" in page.dom.text
    assert "1 application’s tokens" in page.dom.text
    done = _press(owner, page, "off")
    assert not provider.introspect(app, tokens["access_token"])["active"]
    assert done.status == 303
    after = owner.follow(done)
    assert "What became of it" in after.dom.text
    assert not _person(provider, "leaver").enabled
    assert visitor.get("profile").is_login_page
    (event,) = _events(provider, "leaver", "person:disabled")
    assert event.detail["sessions"] == 1
    assert event.id in after.text
    assert "may sign in again" in _follow(owner, _press(owner, after, "on"))
    assert _person(provider, "leaver").enabled


def test_C3_turning_off_asks_again_after_five_minutes_and_keeps_what_was_sent(
    provider: Provider, owner: Browser, clock: Clock
) -> None:
    provider.add_person("leaver")
    page = owner.get(_path(provider, "leaver", "/off"))
    clock.advance(600)
    asked = _press(owner, page, "off")
    assert asked.dom.find("input", name="password")
    assert _person(provider, "leaver").enabled


def test_C3_taking_back_that_somebody_was_turned_off_asks_as_turning_on_does(
    provider: Provider, owner: Browser, clock: Clock
) -> None:
    provider.add_person("leaver", name="Lea Ver")
    page, number = _edit(provider, owner, "leaver")
    assert "saved" in _follow(owner, owner.submit(page, form=number, **_sent(page, number, name="Lea Verson")))
    _follow(owner, _press(owner, owner.get(_path(provider, "leaver", "/off")), "off"))
    clock.advance(600)
    history = owner.get(_path(provider, "leaver", "/history"))
    (off,) = _events(provider, "leaver", "person:disabled")
    (named,) = _events(provider, "leaver", "person:changed")
    asked = _undo(owner, history, off.id)
    assert asked.dom.find("input", name="password")
    assert not _person(provider, "leaver").enabled
    _follow(owner, _undo(owner, history, named.id))  # what lets nobody in is taken back at once
    assert _person(provider, "leaver").name == "Lea Ver"


def _undo(browser: Browser, page: Answer, event_id: str) -> Answer:
    number = next(n for n, form in enumerate(page.dom.forms) if ("undo", event_id) in form.fields)
    return browser.submit(page, form=number)


# -- correcting --------------------------------------------------------------------------------------------------------


def _edit(provider: Provider, browser: Browser, username: str) -> tuple[Answer, int]:
    page = browser.get(_path(provider, username, "/edit"))
    return page, next(n for n, form in enumerate(page.dom.forms) if "version" in form.names())


def _sent(page: Answer, number: int, **values: str) -> dict[str, str]:
    """A form's fields; the text areas, which tests have to name."""
    return {"claims": "", "groups": "", **values}


def test_U1_details_and_groups_are_corrected_and_the_history_has_both_values(
    provider: Provider, owner: Browser
) -> None:
    provider.add_person("anna", name="Anna Miler", groups=("A",), claims={"department": "Sales", "desk": "7"})
    provider.add_person("bert", groups=("B",))
    page, number = _edit(provider, owner, "anna")
    assert "department=Sales" in page.text
    assert 'desk="7"' not in page.text
    values = _sent(page, number, name="Anna Miller", groups="B", claims='department=Support\nfloor=3\nlist=["a"]')
    assert "saved" in _follow(owner, owner.submit(page, form=number, **values))
    anna = _person(provider, "anna")
    assert (anna.name, anna.groups) == ("Anna Miller", ("B",))
    assert {key: anna.claims.get(key) for key in ("department", "floor", "list", "desk")} == {
        "department": "Support", "floor": 3, "list": ["a"], "desk": None,
    }  # fmt: skip
    history = owner.get(_path(provider, "anna", "/history")).dom.text
    assert "Anna Miler → Anna Miller" in history
    assert "Sales → Support" in history


def test_B5_a_form_that_is_refused_keeps_what_was_typed_and_names_the_field(provider: Provider, owner: Browser) -> None:
    provider.add_person("anna")
    provider.add_person("bert")
    page, number = _edit(provider, owner, "anna")
    values = _sent(page, number, username="bert", email="no address", groups="Nowhere", claims="bare")
    refused = owner.submit(page, form=number, **values)
    assert refused.status == 422
    assert "no address" in refused.text
    assert "Nowhere" in refused.text
    assert "bare" in refused.text
    assert "has no value" in refused.dom.text
    assert "There is no group “Nowhere”" in refused.dom.text
    refused = owner.submit(page, form=number, **_sent(page, number, username="bert", email="no address"))
    assert {about["id"] for _, about in refused.dom.elements if about.get("aria-invalid") == "true"} >= {"email"}
    assert _person(provider, "anna").username == "anna"


def test_complaint_7_of_two_admins_the_second_sees_what_the_first_wrote(provider: Provider, owner: Browser) -> None:
    provider.add_person("anna", name="Anna")
    page, number = _edit(provider, owner, "anna")
    provider.services.directory.update(_person(provider, "anna").id, name="Anna Maria")
    refused = owner.submit(page, form=number, **_sent(page, number, name="Anna M."))
    assert refused.status == 409
    assert "Anna Maria" in refused.text
    assert "Anna M." in refused.text
    assert _person(provider, "anna").name == "Anna Maria"
    number = next(n for n, form in enumerate(refused.dom.forms) if "version" in form.names())
    _follow(owner, owner.submit(refused, form=number, **_sent(refused, number, name="Anna M.")))
    assert _person(provider, "anna").name == "Anna M."


# -- what others wrote -------------------------------------------------------------------------------------------------

HOSTILE = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>{{7*7}}"


def test_S59_hostile_names_in_every_field_are_text(provider: Provider, owner: Browser) -> None:
    evil = provider.add_person(
        "evil", name=HOSTILE, groups=(HOSTILE,), employee_number="<b>7</b>", claims={"department": HOSTILE},
    )  # fmt: skip
    write_address(provider.services.db, evil, '"><img/src=x>@example.com')
    for path in ("admin/people", "admin/people?q=%3Cscript", *(f"admin/people/{evil.id}{page}" for page in PAGES)):
        text = owner.get(path).text
        assert "<script>alert" not in text, path
        assert "<img" not in text, path
        assert "49" not in text.partition("{{7*7}}")[0][-5:], path
    page = owner.get(f"admin/people/{evil.id}")
    assert "{{7*7}}" in page.text
    assert '"><img/src=x>@example.com' in page.dom.text


def test_U7_what_somebody_may_open_and_why(provider: Provider, owner: Browser) -> None:
    from clients.access import Access

    provider.add_person("anna", groups=("A",))
    provider.add_client("Open")
    provider.add_client("Payroll", access=Access.only(groups=["A"]))
    provider.add_client("Secret", access=Access.only(groups=["B"]))
    text = owner.get(_path(provider, "anna", "/apps")).dom.text
    assert "Open Yes Everyone may" in text
    assert "Payroll Yes They are in A" in text
    assert "Secret No Neither they nor a group of theirs is named for it" in text
    assert not _events(provider, "anna", "session:started"), "looked at, never a session of theirs"


def test_L7_a_pause_is_written_down_alike_for_a_name_that_nobody_has(provider: Provider) -> None:
    """How long an answer takes must not tell whether there is somebody of that name."""
    provider.add_person("anna")
    asked = {}
    for name in ("anna", "nobody"):
        stranger = provider.browser()
        for number in range(4):
            stranger.log_in(stranger.get(""), name, f"wrong number {number}")
        page = stranger.get("")
        asked[name], _, _ = provider.counted(lambda page=page, b=stranger, n=name: b.log_in(page, n, "the fifth"))  # type: ignore[misc]
    assert [sql for sql in asked["anna"] if "pauses" in sql]
    assert asked["anna"] == asked["nobody"]


def test_W3_every_way_out_of_a_pause_takes_it_off_the_list(provider: Provider, owner: Browser) -> None:
    from idp.login import holding

    anna = provider.add_person("anna")
    _fail(provider, "anna", 6)
    assert "Paused" in owner.get("admin/people?q=anna").dom.text
    holding.lift(provider.services, anna.id)
    assert "Paused" not in owner.get("admin/people?q=anna").dom.text


def test_a_removed_person_leaves_nothing_of_how_they_stood(provider: Provider, owner: Browser) -> None:
    from idp.accounts.standing import store

    anna = provider.add_person("anna")
    _fail(provider, "anna", 6)
    provider.services.directory.remove(anna.id)
    rows = provider.services.db.one(store.IS_PAUSED, of_key=anna.id)
    assert rows is None
