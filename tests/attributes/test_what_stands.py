"""U1: values from before a definition, whatever they are, go through a form that nobody touched as they were."""

from __future__ import annotations

from typing import Any

import pytest

from clients.attributes import checking
from idp.admin import attributes
from idp.admin.actor import of_shell
from idp.attribute_controls import PREFIX, control, typed_of
from idp.wire import Params
from tests.attributes.untouched import untouched
from tests.provider import Browser, Provider

CHOOSE = {"options": ["Red", "Green"]}
STANDING: list[Any] = [
    "yes", "01.02.2026", "20260201", "2026-W05-7", "2026-02-01", "one\ntwo", "one\r\ntwo", "Pink", True, 7, 0.5,
    ["Green", "Pink"], ["Red", "Green"], {"a": 1}, " ", "\n\nx ",
]  # fmt: skip
TYPES = {"text": {}, "number": {}, "boolean": {}, "date": {}, "choice": CHOOSE, "choices": CHOOSE, "url": {}}


def posted(drawn: dict[str, Any]) -> Params:
    """What a browser sends of a control that nobody touched (HTML Standard §4.10.5.1, §4.10.21.4)."""
    value = drawn["value"]
    if drawn["kind"] == "choices":
        values = [text for text in drawn["options"] if text in drawn["chosen"]]
    elif drawn["kind"] in ("choice", "flag"):
        values = [value if value in drawn["options"] else ""]
    elif drawn["kind"] == "lines":
        values = [value.replace("\r\n", "\n").replace("\n", "\r\n")]
    else:
        line = value.replace("\r", "").replace("\n", "")
        is_day = len(line) == 10 and line[4] == line[7] == "-" and line.replace("-", "").isdigit()
        values = [line if drawn["type"] != "date" or is_day else ""]
    return Params([(PREFIX + drawn["name"], one) for one in values])


@pytest.mark.parametrize("standing", STANDING, ids=repr)
@pytest.mark.parametrize("type", list(TYPES))
def test_U1_what_nobody_touched_comes_back_as_it_stands(type: str, standing: Any) -> None:
    one = checking.checked("x", {"type": type, **TYPES[type]})
    assert typed_of(one, posted(control(one, "en", standing)), standing) is standing


def test_U1_what_somebody_changes_is_read_and_what_they_empty_is_nothing() -> None:
    one = checking.checked("x", {"type": "boolean"})
    assert typed_of(one, Params([("attribute-x", "true")]), "yes") == "true"
    assert typed_of(one, Params([("attribute-x", "")]), "yes") is None
    several = checking.checked("x", {"type": "choices", **CHOOSE})
    assert typed_of(several, Params([("attribute-x", "Red")]), ["Red", "Green"]) == ["Red"]


OLD = {"flag": "yes", "start": "01.02.2026", "note": "one\ntwo", "desk": "1"}


def define(provider: Provider) -> None:
    for name, type in {"flag": "boolean", "start": "date", "note": "text", "desk": "text"}.items():
        attributes.add(provider.services, of_shell("cli:test"), name, {"type": type, "edits": ["person", "admin"]})


def test_U1_the_profile_saved_for_another_field_takes_nothing_away(provider: Provider, browser: Browser) -> None:
    define(provider)
    ann = provider.add_person(claims=OLD)
    browser.log_in(browser.get("profile"))
    page = browser.get("profile")
    assert 'type="date"' not in page.text
    at = next(n for n, form in enumerate(page.dom.forms) if form.action == "/profile")
    assert untouched(page).items() >= {"attribute-flag": "yes", "attribute-note": "one\r\ntwo"}.items()
    assert browser.submit(page, form=at, **untouched(page), **{"attribute-desk": "2"}).is_redirect
    assert provider.services.directory.get(ann.id).claims == {**OLD, "desk": "2"}
