"""What is said of a provider, in the document: the table of fields that the verbs check by, as JSON Schema."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

from idp.federation import fields
from idp.federation.checking import MAX_DOCUMENT, MAX_LIST, MAX_TEXT
from idp.federation.provider import LISTS, SWITCHES, TABLES


@dataclass(frozen=True)
class _Table:
    """Says in the document what the verbs check; the values themselves are theirs to check."""

    nullable: bool = False

    def __get_pydantic_json_schema__(self, core: Any, handler: Any) -> dict[str, Any]:
        said = {row.name: self._field(row) for row in fields.ROWS if row.name != "name"}
        return {"type": "object", "properties": said, "additionalProperties": False}

    def _field(self, row: fields.Field) -> dict[str, Any]:
        kinds = f" Kinds: {', '.join(row.kinds)}." if row.kinds else ""
        said = {**_shape(row), "description": f"{row.label}. {row.hint}".strip() + kinds}
        return {"anyOf": [said, {"type": "null"}]} if self.nullable else said


def _shape(row: fields.Field) -> dict[str, Any]:
    text: dict[str, Any] = {"type": "string", "maxLength": MAX_TEXT}
    if row.document:
        return {"type": "string", "maxLength": MAX_DOCUMENT}
    if row.choices:
        return {"type": "string", "enum": list(row.choices)}
    if row.name in SWITCHES:
        return {"type": "boolean"}
    if row.name in LISTS:
        return {"type": "array", "items": text, "maxItems": MAX_LIST}
    return {"type": "object", "additionalProperties": text} if row.name in TABLES else text


Settings = Annotated[dict[str, Any], _Table()]
SettingsPatch = Annotated[dict[str, Any], _Table(nullable=True)]
