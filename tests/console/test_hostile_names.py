"""Every page of the console in a company whose every text is an attack: stored XSS, frames, forms, lost roles (S59)."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from idp.accounts import roles
from idp.accounts.roles import RoleGrant
from idp.console.views import PAGES
from tests.console.conftest import Enter, give
from tests.console.hostile import Company, addresses
from tests.provider import Answer, Browser, Provider

#: What an attribute that runs something is called, and addresses that run something.
_RUNS = re.compile(r"^on|^srcdoc$|^style$")


@pytest.fixture
def kid(provider: Provider) -> str:
    return next(key.kid for key in provider.services.ring.list_keys() if key.state == "active")


@pytest.fixture
def company(provider: Provider, owner: Browser) -> Company:
    return Company(provider, owner)


def _is_harmless(answer: Answer) -> list[str]:
    """What of a page a browser would run or load that we did not write; empty for a good page."""
    wrong = []
    for element in answer.dom.elements:
        name, attributes = element
        wrong += [f"<{name} {key}>" for key in attributes if _RUNS.search(key)]
        if name == "script" and "src" not in attributes and attributes.get("type") != "application/json":
            wrong.append("a script in the page")
        if name in ("img", "svg", "iframe", "object", "embed") and (attributes.get("src") or "").strip() == "x":
            wrong.append(f"<{name} src=x>")
        wrong += [
            f"{key}={value}" for key, value in attributes.items() if (value or "").lower().startswith("javascript:")
        ]
    return wrong


def test_S59_no_page_runs_what_somebody_was_called_and_each_says_that_it_stands_in_no_frame(
    owner: Browser, company: Company, kid: str
) -> None:
    """Stored XSS over every list, page and filter; clickjacking; pages that are files are no pages to a browser."""
    walked = addresses(company, kid)
    assert len(walked) > len(PAGES)
    wrong, spoken = [], 0
    for path in walked:
        answer = owner.get(path.lstrip("/"))
        where = f"{path}: {answer.status}"
        tried_out = answer.status == 403 and path.endswith("/sign-in")  # an application that is not open to the owner
        if answer.status not in (200, 303, 400, 404, 409, 422) and not tried_out:
            wrong.append(where)
        if answer.is_redirect:
            continue
        if answer.headers.get("X-Content-Type-Options") != "nosniff":
            wrong.append(f"{where} may be guessed at")
        if not answer.headers.get("Content-Type", "").startswith("text/html"):
            is_file = "attachment" in answer.headers.get("Content-Disposition", "")
            wrong += [] if is_file else [f"{where} is no page and no file"]
            continue
        policy = answer.headers.get("Content-Security-Policy", "")
        if answer.headers.get("X-Frame-Options") != "DENY" or "frame-ancestors 'none'" not in policy:
            wrong.append(f"{where} may be framed")
        wrong += [f"{where}: {one}" for one in _is_harmless(answer)]
        spoken += "hacked=" in answer.text
    assert not wrong, "\n".join(wrong)
    assert spoken > 25  # the names do stand on the pages


@pytest.mark.parametrize("page", [page for page in PAGES if page.change], ids=lambda page: page.path)
def test_S59_no_form_of_the_console_is_taken_from_elsewhere(owner: Browser, page: object) -> None:
    """CSRF: without the session's key, with one of another session, from another site."""
    path = "/".join("unknown" if part.startswith("<") else part for part in page.path.strip("/").split("/"))  # type: ignore[attr-defined]
    for fields in ({}, {"form_key": ""}, {"form_key": "A" * 43}, {"form_key": "é"}):
        answer = owner.post(path, {"do": "remove", "name": "x", "confirm": "1", **fields})
        assert answer.status == 403, (path, fields, answer.status)
        assert answer.is_error_page


def test_C2_whoever_loses_a_role_while_a_page_is_open_sends_none_of_its_forms(
    provider: Provider, enter: Enter, owner: Browser, company: Company, kid: str
) -> None:
    """Every form of every page, as it was filled while the role was held."""
    loser = enter("loser", RoleGrant("owner"))
    forms: list[tuple[str, dict[str, str]]] = []
    for path in addresses(company, kid):
        answer = loser.get(path.lstrip("/"))
        if answer.status == 200 and answer.headers.get("Content-Type", "").startswith("text/html"):
            forms += [(form.action, dict(form.fields)) for form in answer.dom.forms
                      if form.method == "POST" and "/admin" in form.action]  # fmt: skip
    assert len(forms) > 40
    person = provider.services.directory.find_by_login("loser")
    assert person is not None
    roles.change(
        provider.services.db, person.id, take=("owner",), by="test", now=provider.services.clock(),
        record=lambda *_: None,
    )  # fmt: skip
    before = _state(provider)
    for action, fields in forms:
        assert loser.post(action, fields).status == 403, action
    assert _state(provider) == before


def _state(provider: Provider) -> tuple[object, ...]:
    services = provider.services
    return (
        [(one.id, one.changed_at) for one in services.directory.list(limit=200)],
        [(one.id, one.changed_at) for one in services.registry.list(None, 200)],
        [key.kid for key in services.ring.list_keys()],
    )


def test_S59_an_app_admin_of_one_application_reads_no_hostile_name_of_another(
    open_provider: Callable[..., Provider], provider: Provider, enter: Enter, owner: Browser, company: Company, kid: str
) -> None:
    """Own and other object, over every address that there is."""
    mine = provider.add_client("Mine")
    visitor = enter("keeper")
    found = provider.services.directory.find_by_login("keeper")
    assert found is not None
    give(provider, found.id, RoleGrant("app_admin", (mine.id,)))
    for path in addresses(company, kid):
        answer = visitor.get(path.lstrip("/"))
        text = answer.text if answer.headers.get("Content-Type", "").startswith("text/") else ""
        assert "&lt;script&gt;hacked=1" not in text.replace("q=", ""), path
