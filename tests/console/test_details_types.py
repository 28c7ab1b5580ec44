"""Types of authorization details in the console (RFC 9396). S39, C1, S59."""

from __future__ import annotations

import json

from tests.oidc.details import SCHEMA
from tests.provider import Answer, Browser, Provider

PATH = "admin/details-types"


def save(browser: Browser, page: Answer | None = None, /, **typed: str) -> Answer:
    page = page or browser.get(PATH)
    number = next(n for n, one in enumerate(page.dom.forms) if "schema" in one.names() or "type" in one.names())
    return browser.submit(page, form=number, **typed)


def test_S39_a_type_is_added_changed_and_removed(provider: Provider, owner: Browser) -> None:
    shop = provider.add_client(
        "<b>Shop</b>", authorization_details_types=["payment"], redirect_uris=["https://a.example/"]
    )
    typed = {"type": "payment", "schema": json.dumps(SCHEMA), "sentence-en": "Pay <b>{to}</b>", "sentence-de": "",
             "resources": "https://api.example/"}  # fmt: skip
    shown = owner.follow(save(owner, **typed))
    assert "The type is saved" in shown.dom.text
    assert "Pay <b>{to}</b> · https://api.example/ · <b>Shop</b>" in shown.dom.text  # as text
    assert shop.id in [one.id for one in provider.services.registry.every()]
    page = owner.get(f"{PATH}?type=payment")
    assert '"maxLength": 200' in page.text.replace("&#34;", '"')
    again = owner.follow(save(owner, page, **{**typed, "sentence-en": "Pay {to}"}))
    assert "Pay {to} ·" in again.dom.text
    assert provider.services.registry.details_types()["payment"].sentences == {"en": "Pay {to}"}
    number = next(n for n, one in enumerate(again.dom.forms) if "remove" in one.names())
    gone = owner.follow(owner.submit(again, form=number))
    assert "The type is removed" in gone.dom.text
    assert "There is no type" in gone.dom.text


def test_S39_what_is_wrong_stands_at_its_field_and_nothing_is_lost(owner: Browser) -> None:
    typed = {"type": "a b", "schema": '{"type": "objekt"}', "sentence-fr": "Payer {", "resources": "x"}
    page = save(owner, **typed)
    assert page.status == 422
    for id_ in ("type", "schema", "sentence-fr", "resources"):
        assert page.dom.find("p", id=f"{id_}-problem"), id_
    assert '"objekt" is not valid' in page.dom.text
    assert "objekt&#34;}" in page.text
    assert save(owner, type="payment", schema="{").status == 422
