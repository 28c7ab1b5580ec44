"""authentik: the JSON of `ak dumpdata` (its blueprints hold no password and no secret).

`ak dumpdata authentik_core.user authentik_core.group authentik_core.application authentik_core.provider
authentik_providers_oauth2.oauth2provider authentik_stages_authenticator_totp.totpdevice
authentik_stages_authenticator_webauthn.webauthndevice`
"""

from __future__ import annotations

import json
from base64 import b32encode
from collections.abc import Mapping, Sequence
from typing import Any, Final

from idp.accounts.carrying import Carried, Passkey, Seed
from idp.accounts.hash_schemes import UnknownScheme
from idp.accounts.person import Draft
from idp.importing import hashes, seeds
from idp.importing.documents import mapping, mappings, texts
from idp.importing.found import Application, Found, Left, NotReadable, Someone

Row = Mapping[str, Any]
MIN_SECRET: Final = 20  # characters of a client secret
_INTERNAL: Final = ("service_account", "internal_service_account")
_USER, _GROUP = "authentik_core.user", "authentik_core.group"
_TOTP, _KEY = "authentik_stages_authenticator_totp.totpdevice", "authentik_stages_authenticator_webauthn.webauthndevice"
_OAUTH2, _PROVIDER = "authentik_providers_oauth2.oauth2provider", "authentik_core.provider"
_APPLICATION: Final = "authentik_core.application"


def read(files: Sequence[bytes]) -> Found:
    """Errors: `NotReadable`."""
    rows: dict[str, dict[str, Row]] = {}
    for raw in files:
        for row in _rows(raw):
            rows.setdefault(str(row.get("model", "")).lower(), {})[str(row.get("pk"))] = mapping(row.get("fields"))
    if _USER not in rows and _OAUTH2 not in rows:
        raise NotReadable(f"it has neither {_USER} nor {_OAUTH2}: give what `ak dumpdata` writes")
    left: list[Left] = []
    names = {pk: str(fields.get("name", "")) for pk, fields in rows.get(_GROUP, {}).items()}
    people = tuple(
        _someone(pk, user, rows, names, left) for pk, user in rows.get(_USER, {}).items()
        if user.get("type") not in _INTERNAL and user.get("username") != "AnonymousUser"
    )  # fmt: skip
    applications = tuple(_application(pk, one, rows, left) for pk, one in rows.get(_OAUTH2, {}).items())
    return Found(
        product="authentik", people=people, groups=tuple(filter(None, names.values())), applications=applications,
        left=tuple(left),
    )  # fmt: skip


def _rows(raw: bytes) -> list[Row]:
    try:
        return mappings(json.loads(raw))
    except (ValueError, RecursionError) as error:
        raise NotReadable(f"it is no JSON: {error}") from None


def _someone(
    pk: str, user: Row, rows: Mapping[str, Mapping[str, Row]], names: Mapping[str, str], left: list[Left]
) -> Someone:
    name = str(user.get("username", ""))
    groups = [names.get(one, "") for one in (*texts(user.get("groups")), *texts(user.get("ak_groups")))]
    draft = Draft(
        username=name, email=str(user.get("email") or "") or None, name=str(user.get("name") or ""),
        groups=tuple(filter(None, dict.fromkeys(groups))), claims=_claims(mapping(user.get("attributes"))),
    )  # fmt: skip
    carried = Carried(
        draft=draft, id=str(user.get("uuid") or "").lower(), enabled=bool(user.get("is_active", True)),
        seeds=tuple(_seeds(pk, name, rows, left)), passkeys=tuple(_passkeys(pk, rows)),
    )  # fmt: skip
    stored = str(user.get("password") or "")
    if not stored or stored.startswith("!"):  # Django: nobody's password
        return Someone(carried=carried)
    try:
        return hashes.given(carried, hashes.django(stored))
    except UnknownScheme as error:
        left.append(Left("password", name, f"{error}: they set a new one"))
        return Someone(carried=carried)


def _claims(attributes: Row) -> dict[str, Any]:
    """Texts alone; `settings` and the like are authentik's own."""
    return {name: value for name, value in attributes.items() if isinstance(value, str) and value and "/" not in name}


def _seeds(pk: str, name: str, rows: Mapping[str, Mapping[str, Row]], left: list[Left]) -> list[Seed]:
    found: list[Seed] = []
    for device in rows.get(_TOTP, {}).values():
        if str(device.get("user")) != pk or not device.get("confirmed", True):
            continue
        if (int(device.get("digits") or 6), device.get("step", 30)) != (6, 30):
            left.append(Left("otp", name, f"{device.get('digits')} digits: apps here show six, every 30 seconds"))
            continue
        try:
            secret = b32encode(bytes.fromhex(str(device.get("key", "")))).decode("ascii").rstrip("=")
        except ValueError:
            left.append(Left("otp", name, "its secret cannot be read"))
            continue
        found += seeds.of(name, secret, str(device.get("name") or "Authenticator app"), left)
    return found


def _passkeys(pk: str, rows: Mapping[str, Mapping[str, Row]]) -> list[Passkey]:
    return [
        Passkey(
            id=str(one.get("credential_id", "")).rstrip("="), public_key=str(one.get("public_key", "")).rstrip("="),
            party=str(one.get("rp_id", "")), counter=int(one.get("sign_count") or 0),
            label=str(one.get("name") or "Passkey"), aaguid=str(one.get("aaguid") or ""),
        )
        for one in rows.get(_KEY, {}).values() if str(one.get("user")) == pk and one.get("confirmed", True)
    ]  # fmt: skip


def _application(pk: str, one: Row, rows: Mapping[str, Mapping[str, Row]], left: list[Left]) -> Application:
    client_id = str(one.get("client_id", ""))
    about = next((app for app in rows.get(_APPLICATION, {}).values() if str(app.get("provider")) == pk), {})
    name = str(about.get("name") or rows.get(_PROVIDER, {}).get(pk, {}).get("name") or client_id)
    redirects = [
        str(uri.get("url", "")) for uri in mappings(one.get("_redirect_uris")) if uri.get("matching_mode") == "strict"
    ]
    left += (  # RFC 9700 §2.1
        Left("redirect URI", name, f"{uri.get('url')} is a pattern: register the ones that it uses")
        for uri in mappings(one.get("_redirect_uris")) if uri.get("matching_mode") != "strict"
    )  # fmt: skip
    if one.get("sub_mode") not in (None, "user_uuid"):
        left.append(Left("sub", name, f"{one.get('sub_mode')}: it will know people by their UUID here"))
    public = one.get("client_type") == "public"
    secret = str(one.get("client_secret") or "")
    if not public and len(secret) < MIN_SECRET:
        left.append(Left("secret", name, f"has only {len(secret)} characters: here it has a new one"))
    metadata: dict[str, Any] = {"redirect_uris": redirects}
    if public:
        metadata["token_endpoint_auth_method"] = "none"
    return Application(
        id=client_id, name=name, profile="spa" if public else "legacy", metadata=metadata,
        secret=secret if not public and len(secret) >= MIN_SECRET else None,
    )  # fmt: skip
