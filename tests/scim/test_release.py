"""U1, Y1: a SCIM client is not told what the definition of an attribute releases to nobody, and does not empty it."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import pytest

from idp.admin import attributes, people
from idp.admin.actor import of_shell
from idp.admin.people import Correction
from tests.provider import Provider
from tests.scim.conftest import ENTERPRISE, USER, Scim

SHELL = of_shell("cli:test")


@pytest.fixture
def bob(provider: Provider, scim: Scim) -> Any:
    """Somebody whom the client made, of whom more is said here."""
    made = scim.make("Users", schemas=[USER], userName="bob", nickName="Bo")
    for name in ("title", "department"):
        attributes.add(provider.services, SHELL, name, {"release": "nobody"})
    person = provider.services.directory.get(made["id"])
    told = {"title": "SECRET", "department": "D-9", "division": "Shown"}
    people.correct(provider.services, SHELL, person, Correction(merge=told))
    return made


def claims(provider: Provider, bob: Any) -> Any:
    return provider.services.directory.get(bob["id"]).claims


def test_U1_it_is_neither_shown_nor_found_by_it(provider: Provider, scim: Scim, bob: Any) -> None:
    assert scim.get(f"Users/{bob['id']}")[ENTERPRISE] == {"division": "Shown"}
    for text in (str(scim.get(f"Users/{bob['id']}")), str(scim.get("Users"))):
        assert "SECRET" not in text
        assert "D-9" not in text
        assert "Shown" in text
    found = [scim.get("Users?filter=" + quote(one))["totalResults"] for one in (
        'title eq "SECRET"', 'title sw "SEC"', f'{ENTERPRISE}:department eq "D-9"', 'nickName eq "Bo"')]  # fmt: skip
    assert found == [0, 0, 0, 1]
    attributes.change(provider.services, SHELL, "title", {})
    assert scim.get(f"Users/{bob['id']}")["title"] == "SECRET"


def test_U1_what_is_put_back_as_it_was_shown_empties_nothing(provider: Provider, scim: Scim, bob: Any) -> None:
    shown = scim.get(f"Users/{bob['id']}")
    assert scim.call("PUT", f"Users/{bob['id']}", {**shown, "nickName": "Bobby"}).status == 200
    now = claims(provider, bob)
    assert (now["title"], now["department"], now["nickname"]) == ("SECRET", "D-9", "Bobby")
    answer = scim.patch(f"Users/{bob['id']}", {"op": "replace", "path": "title", "value": "Head"})
    assert "Head" not in answer.text
    assert claims(provider, bob)["title"] == "Head"  # it may be written as ever
