"""The recipe "Add a grant" of CONTRIBUTING.md, followed to the letter: its three blocks and no line of ours."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from clients import offered, profiles
from clients.errors import InvalidMetadata
from clients.offered import GrantType
from idp import audit
from idp.ids import digest
from idp.oidc import client_auth, grants, response_modes
from tests.backends import Clock
from tests.provider import ERROR_ID, Answer, App, Provider
from tests.recipes.guide import blocks

NAME = "urn:example:voucher"
VOUCHER = "4F-77-KL-90"


@pytest.fixture(autouse=True)
def row(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[GrantType]:
    """The file in a folder of the test's own, the row and the hook in their tables; taken out again."""
    source, row, hook = blocks("Add a grant")
    (tmp_path / "voucher.py").write_text(source)
    monkeypatch.syspath_prepend(tmp_path)
    made = eval(row.strip().rstrip(","), vars(offered))  # the blocks as they stand
    hooks = eval("{" + hook.strip() + "}", {"voucher": importlib.import_module("voucher")})
    monkeypatch.setitem(offered.GRANT_TYPES, made.name, made)
    for name, issue in hooks.items():
        monkeypatch.setitem(grants.GRANTS, name, issue)
    yield made
    del sys.modules["voucher"]


@pytest.fixture
def app(provider: Provider) -> App:
    """A program that may use it, and holds one voucher."""
    made = provider.add_client("Printer", profile="machine", grant_types=[NAME], scope="print")
    hand_out(provider, made)
    return made


def hand_out(provider: Provider, app: App, voucher: str = VOUCHER) -> None:
    provider.services.state.put(f"voucher:{app.id}:{digest(voucher)}", 1, 600)


def redeem(provider: Provider, app: App, **changed: str) -> Answer:
    return provider.post("oauth/token", app, {"grant_type": NAME, "voucher": VOUCHER, **changed})


def test_it_gives_a_token_that_works_and_speaks_of_nobody(provider: Provider, app: App) -> None:
    answer = redeem(provider, app)
    assert answer.status == 200, answer.text
    assert answer.json["scope"] == "print"
    assert set(answer.json) == {"access_token", "token_type", "expires_in", "scope"}
    about = provider.introspect(app, answer.json["access_token"])
    assert (about["active"], about["sub"], about["scope"]) == (True, app.id, "print")


def test_it_works_once_and_for_its_own_application_alone(provider: Provider, app: App) -> None:
    other = provider.add_client("Other", profile="machine", grant_types=[NAME], scope="print")
    assert redeem(provider, other).error == "invalid_grant"
    assert redeem(provider, app).status == 200
    assert redeem(provider, app).error == "invalid_grant"
    assert redeem(provider, app, voucher="").error == "invalid_request"


def test_what_it_refuses_is_read_by_the_admin_under_the_errors_id(provider: Provider, app: App) -> None:
    answer = redeem(provider, app, voucher="made up")
    found = ERROR_ID.search(answer.json["error_description"])
    assert found
    [event] = audit.explain(provider.services.db, found[0])
    assert (event.action, event.client_id) == ("error:invalid_grant", app.id)
    assert event.detail["fix"] == "Hand the program a new voucher."


def test_nothing_is_used_up_by_a_request_that_asks_for_too_much(provider: Provider, app: App) -> None:
    assert redeem(provider, app, scope="everything").error == "invalid_scope"
    assert redeem(provider, app, resource="https://elsewhere.example").error == "invalid_target"
    assert redeem(provider, app).status == 200


def test_only_who_is_registered_for_it_may_use_it(provider: Provider, app: App) -> None:
    usual = provider.add_client("Usual", profile="machine", scope="print")
    hand_out(provider, usual)
    answer = redeem(provider, usual)
    assert answer.error == "unauthorized_client"
    assert NAME in answer.json["error_description"]


def test_the_row_decides_which_applications_may_be_registered_for_it(provider: Provider) -> None:
    assert provider.add_client("Web", grant_types=["authorization_code", NAME]).client.oidc.grant_types >= {NAME}
    for profile in ("spa", "native"):  # they keep no secret
        with pytest.raises(InvalidMetadata, match=f"{NAME} is not for profile {profile}"):
            provider.add_client("App", profile=profile, grant_types=["authorization_code", NAME])
    assert any(NAME in line for line in profiles.describe("machine"))
    assert not any(NAME in line for line in profiles.describe("spa"))


def test_what_must_stand_beside_it_is_in_the_row(provider: Provider, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(offered.GRANT_TYPES, NAME, GrantType(NAME, needs="client_credentials", machine=True))
    with pytest.raises(InvalidMetadata, match=f"{NAME} needs client_credentials beside it"):
        provider.add_client("Alone", profile="machine", grant_types=[NAME])
    provider.add_client("Both", profile="machine", grant_types=[NAME, "client_credentials"])


def test_discovery_and_the_sentences_of_errors_name_it(provider: Provider, app: App) -> None:
    document = provider.browser().get(".well-known/openid-configuration").json
    assert NAME in document["grant_types_supported"]
    assert NAME in redeem(provider, app, grant_type="made-up").json["error_description"]
    with pytest.raises(InvalidMetadata, match=f"expected one of authorization_code.*{NAME}"):
        provider.add_client("Typo", grant_types=["authorisation_code"])


@pytest.mark.parametrize("form", ["opaque", "jwt"])
def test_what_ends_the_application_ends_its_tokens(provider: Provider, clock: Clock, form: str) -> None:
    app = provider.add_client("Printer", profile="machine", grant_types=[NAME], scope="print", access_token_format=form)
    hand_out(provider, app)
    token = redeem(provider, app).json["access_token"]
    assert provider.introspect(app, token)["active"]
    clock.advance(2)
    provider.services.registry.disable(app.id)
    provider.services.registry.enable(app.id)
    assert provider.introspect(app, token) == {"active": False}


# -- the tables themselves ---------------------------------------------------------------------------------------------

TABLES: list[tuple[Callable[[], Any], Callable[[], Any]]] = [
    (lambda: offered.GRANT_TYPES, lambda: grants.GRANTS),
    (lambda: offered.RESPONSE_MODES, lambda: response_modes.RESPONSE_MODES),
    (lambda: offered.AUTH_METHODS, lambda: client_auth.CLIENT_AUTH),
]


@pytest.mark.parametrize(("registered", "answered"), TABLES, ids=["grants", "response modes", "client authentication"])
def test_what_can_be_registered_is_answered_and_nothing_else(
    registered: Callable[[], Any], answered: Callable[[], Any]
) -> None:
    assert list(registered()) == list(answered())
