"""Client metadata in the document: the table of fields that registration checks by, as JSON Schema."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from clients import metadata, saml_fields
from clients.values import Kind
from idp.admin import assertion_consumers as consumers


@dataclass(frozen=True)
class _Table:
    """Says in the document what the rules check; the values themselves are theirs to check."""

    name: str
    nullable: bool = False

    def __get_pydantic_json_schema__(self, core: Any, handler: Any) -> dict[str, Any]:
        fields = metadata.FIELDS if self.name == "oidc" else saml_fields.SAML_FIELDS
        if self.name == "both":
            fields = {**saml_fields.SAML_FIELDS, **metadata.FIELDS, consumers.KEY: consumers.KIND}
        said = {key: self._field(kind) for key, kind in fields.items() if key not in _APART}
        return {
            "type": "object", "properties": said, "additionalProperties": False,
            "patternProperties": {"^[a-z_]+#[A-Za-z-]+$": self._field(Kind(check=lambda value, _: value))},
        }  # fmt: skip

    def _field(self, kind: Kind) -> dict[str, Any]:
        said = _field(kind)
        return {"anyOf": [said, {"type": "null"}]} if self.nullable else said


#: What has a field of its own, or is read from the other side's metadata.
_APART = frozenset(("client_name", "sp_metadata", "metadata_source"))


def _field(kind: Kind) -> dict[str, Any]:
    if kind.shape == "flag":
        return {"type": "boolean"}
    if kind.shape == "lines":
        return {"type": "array", "items": {}, "maxItems": 100}
    if kind.shape == "rows":
        return {"type": "array", "items": {"type": "object"}, "maxItems": 100}
    if kind.shape == "object":
        return {"type": "object"}
    if kind.shape == "choice" and kind.words is not None:
        return {"type": "string", "enum": list(kind.words())}
    return {"type": "integer"} if _is_number(kind) else {"type": "string"}


def _is_number(kind: Kind) -> bool:
    try:
        return isinstance(kind.parse("60"), int)
    except ValueError:
        return False


def fields_of(protocol: str) -> Mapping[str, Kind]:
    """The table of a protocol."""
    return saml_fields.SAML_FIELDS if protocol == "saml" else metadata.FIELDS


Metadata = Annotated[dict[str, Any], _Table("oidc")]
Settings = Annotated[dict[str, Any], _Table("saml")]
MetadataPatch = Annotated[dict[str, Any], _Table("both", nullable=True)]
