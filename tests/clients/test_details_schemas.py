"""S39: the schema of a type of details takes no longer to be looked at than a page may."""

from __future__ import annotations

from typing import Any

import pytest

from clients.details_types.details_type import checked
from clients.errors import InvalidMetadata


def doubling(steps: int) -> dict[str, Any]:
    """Few characters, and two to the power of `steps` parts."""
    parts: dict[str, Any] = {f"a{n}": {"allOf": [{"$ref": f"#/$defs/a{n + 1}"}] * 2} for n in range(steps)}
    return {"$defs": {**parts, f"a{steps}": {"type": "object"}}, "$ref": "#/$defs/a0"}


LOOP = {"$defs": {"n": {"type": "object", "properties": {"next": {"$ref": "#/$defs/n"}}}}, "$ref": "#/$defs/n"}


@pytest.mark.parametrize(
    ("schema", "said"),
    [
        pytest.param(doubling(40), "longer than 1000 parts", id="doubling"),
        pytest.param(LOOP, "leads to itself", id="loop"),
        pytest.param({"properties": {"a": {"$ref": "#"}}}, "leads to itself", id="root"),
        pytest.param({"$ref": "#/$defs/x"}, "nothing is at", id="nowhere"),
        pytest.param(
            {"$ref": "https://json-schema.org/draft/2020-12/schema"}, "a place of this schema", id="elsewhere"
        ),
        pytest.param({"$dynamicAnchor": "x", "properties": {"a": {"$dynamicRef": "#x"}}}, "name a place", id="dynamic"),
        pytest.param({"properties": {"a": {"$id": "https://x/"}}}, "at the top alone", id="inner id"),
    ],
)
def test_S39_a_schema_that_may_count_for_long_is_not_taken(schema: dict[str, Any], said: str) -> None:
    with pytest.raises(InvalidMetadata, match=said):
        checked("payment", schema, {}, ())


def test_S39_references_that_come_to_an_end_are_taken() -> None:
    amount = {"type": "object", "properties": {"value": {"type": "string"}}}
    used = {"$ref": "#/$defs/amount"}
    kind = checked("payment", {"$defs": {"amount": amount}, "properties": {"a": used, "b": used}}, {}, ())
    assert not kind.problem({"a": {"value": "1"}})
    assert kind.problem({"b": {"value": 1}}).startswith("b/value")
    assert checked("payment", doubling(6), {}, ()).problem({}) == ""
