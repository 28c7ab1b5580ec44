"""Where signing keys may lie beside our own tables, by the settings: a PKCS#11 token, a transit engine."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final

from keys.credentials import Unreadable, from_command, from_file
from keys.holders import Holder, Holders, HolderUnavailable

if TYPE_CHECKING:
    from idp.config import Settings

_TIMEOUT: Final = 5.0  # seconds that a signature may take
_MOST: Final = 256 * 1024  # bytes of an answer


def of(settings: Settings) -> Holders:
    """Those that are set up; each is loaded when a key of its is used."""
    made: dict[str, Callable[[], Holder]] = {}
    if settings.keys.pkcs11_module:
        made["pkcs11"] = lambda: _token(settings)
    if settings.keys.transit_url:
        made["transit"] = lambda: _transit(settings)
    return Holders(made, settings.keys.new_keys_in)


def _token(settings: Settings) -> Holder:
    from keys.holders.pkcs11 import Token

    keys = settings.keys
    return Token(keys.pkcs11_module, keys.pkcs11_token, lambda: _pin(settings))


def _pin(settings: Settings) -> str:
    keys = settings.keys
    try:
        if keys.pkcs11_pin:
            return keys.pkcs11_pin
        if keys.pkcs11_pin_command:
            return from_command("keys.pkcs11_pin_command", keys.pkcs11_pin_command).strip()
        if keys.pkcs11_pin_file:
            return from_file("keys.pkcs11_pin_file", settings.path(keys.pkcs11_pin_file)).strip()
    except Unreadable as error:
        raise HolderUnavailable(str(error)) from None
    raise HolderUnavailable("no PIN: set keys.pkcs11_pin_file, keys.pkcs11_pin_command or DOORWARD_PKCS11_PIN")


def _transit(settings: Settings) -> Holder:
    from idp.http import Outbound, OutboundFailed, OutboundRefused
    from idp.http.urls import origin
    from keys.holders.transit import Transit

    keys, ca = settings.keys, settings.outbound.ca
    # Its address is the operator's own word, so it may be one of the inside.
    outbound = Outbound([origin(keys.transit_url)], str(settings.path(ca)) if ca else None, timeout=_TIMEOUT)

    def call(method: str, path: str, body: Mapping[str, Any]) -> tuple[int, Mapping[str, Any]]:
        url = f"{keys.transit_url}/v1/{keys.transit_mount.strip('/')}/{path}"
        headers = {"X-Vault-Token": _bearer(settings), "X-Vault-Request": "true", "Content-Type": "application/json"}
        content = json.dumps(body).encode() if body else b""
        try:
            answer = outbound.send(method, url, content, headers, max_bytes=_MOST, timeout=_TIMEOUT)
            told = json.loads(answer.body) if answer.body else {}
        except (OutboundFailed, OutboundRefused) as error:
            raise HolderUnavailable(f"{keys.transit_url} cannot be used: {error}") from None
        except ValueError:
            told = {}
        return answer.status, told if isinstance(told, Mapping) else {}

    return Transit(call)


def _bearer(settings: Settings) -> str:
    keys = settings.keys
    if keys.transit_token:
        return keys.transit_token
    if not keys.transit_token_file:
        raise HolderUnavailable("no token for transit: set keys.transit_token_file or DOORWARD_TRANSIT_TOKEN")
    try:
        return from_file("keys.transit_token_file", settings.path(keys.transit_token_file)).strip()
    except Unreadable as error:
        raise HolderUnavailable(str(error)) from None
