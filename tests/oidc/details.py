"""Payments: a type of authorization details (RFC 9396), and applications that ask for one."""

from __future__ import annotations

import json
from typing import Any

from idp.admin import details_types
from idp.admin.actor import of_shell
from tests.provider import App, Provider

API, STORE = "https://api.example/", "https://store.example/"
SCHEMA = {
    "type": "object",
    "properties": {
        "type": {"const": "payment"},
        "amount": {"type": "object", "properties": {"value": {"type": "string"}, "currency": {"type": "string"}}},
        "to": {"type": "string", "maxLength": 200},
        "actions": {"type": "array"},
        "locations": {"type": "array"},
    },
    "required": ["type", "amount", "to"],
    "additionalProperties": False,
}
SENTENCES = {
    "en": "Pay {amount.value} {amount.currency} to {to}",
    "de": "{amount.value} {amount.currency} an {to} zahlen",
}


def payment(value: str = "45.00", to: str = "Merchant A", **more: Any) -> dict[str, Any]:
    return {"type": "payment", "amount": {"value": value, "currency": "EUR"}, "to": to, **more}


def add_type(provider: Provider, name: str = "payment", resources: tuple[str, ...] = (), **said: Any) -> None:
    schema = {**SCHEMA, "properties": {**SCHEMA["properties"], "type": {"const": name}}}  # type: ignore[dict-item]
    wish = details_types.Wish(name=name, resources=resources, **{"schema": schema, "sentences": SENTENCES, **said})
    details_types.put(provider.services, of_shell("tests"), wish)


def add_app(provider: Provider, name: str = "Shop", profile: str = "web", **metadata: Any) -> App:
    """One that may ask for payments."""
    said = {"authorization_details_types": ["payment"], "resources": [API, STORE], **metadata}
    if profile != "machine":
        said = {"scope": "openid profile files offline_access", **said}
    return provider.add_client(name, profile, **said)


def text(*details: dict[str, Any]) -> str:
    """The parameter."""
    return json.dumps(list(details))
