"""`doorward details-type`: what applications may ask people for in detail (RFC 9396). S39."""

from __future__ import annotations

import json

from tests.cli.conftest import Folder
from tests.oidc.details import SCHEMA


def test_S39_a_type_is_set_shown_listed_and_removed(site: Folder) -> None:
    schema = site.path / "payment.json"
    schema.write_text(json.dumps(SCHEMA))
    told = site.run("details-type", "set", "payment", "--schema", str(schema), "--sentence", "en=Pay {to}").out
    assert "doorward client set CLIENT authorization_details_types+=payment" in told
    made = site.run(
        "client", "add", "oidc", "--name", "Shop", "--redirect-uri", "https://shop.example/cb",
        "--set", "authorization_details_types=payment", "--json",
    ).json  # fmt: skip
    shown = site.run("details-type", "show", "payment", "--json").json
    assert (shown["schema"], shown["sentences"]) == (SCHEMA, {"en": "Pay {to}"})
    assert shown["applications"] == ["Shop"]
    assert "en: Pay {to}" in site.run("details-type", "show", "payment").out
    assert "payment" in site.run("details-type", "list").out
    assert "removed" in site.run("details-type", "remove", "payment").out
    assert site.run("details-type", "list", "--json").json["types"] == []
    assert "details-type list" in site.refusal("details-type", "remove", "payment")
    site.run("client", "remove", made["client_id"])


def test_S39_what_cannot_be_set_is_said_by_its_option(site: Folder) -> None:
    schema = site.path / "wrong.json"
    schema.write_text('{"type": "objekt"}')
    told = site.refusal("details-type", "set", "a b", "--schema", str(schema), "--sentence", "en=Pay {")
    for option in ("TYPE: ", "--schema: ", "--sentence: "):
        assert option in told
    assert "--schema" in site.refusal("details-type", "set", "payment", "--schema", str(site.path / "none.json"))
    schema.write_text("{")
    assert "JSON Schema" in site.refusal("details-type", "set", "payment", "--schema", str(schema))
    schema.write_text("{}")
    assert "--sentence" in site.refusal("details-type", "set", "x", "--schema", str(schema), "--sentence", "Pay")
