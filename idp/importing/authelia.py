"""Authelia: users_database.yml, configuration.yml, and what `authelia storage user … export` writes.

https://www.authelia.com/reference/guides/passwords/, https://www.authelia.com/reference/cli/authelia/authelia_storage_user/
"""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Mapping, Sequence
from typing import Any, Final

from idp.accounts.carrying import Carried, Passkey, Seed
from idp.accounts.person import Draft
from idp.importing import hashes, seeds, tables
from idp.importing.documents import mapping, mappings, texts, yaml_of
from idp.importing.found import Application, Found, Left, NotReadable, Someone

MIN_SECRET: Final = 20  # characters of a client secret
_CLAIMS: Final = {
    "given_name": "given_name", "family_name": "family_name", "middle_name": "middle_name", "nickname": "nickname",
    "gender": "gender", "birthdate": "birthdate", "website": "website", "picture": "picture", "profile": "profile",
    "zoneinfo": "zoneinfo", "locale": "locale", "phone_number": "phone_number",
}  # fmt: skip


def read(files: Sequence[bytes]) -> Found:
    """Whichever of its files are given, told by what stands in them. Errors: `NotReadable`."""
    parts = [yaml_of(raw) for raw in files]
    whole: dict[str, Any] = {key: value for part in parts for key, value in part.items()}
    if not {"users", "identity_providers"} & whole.keys():
        raise NotReadable("no file has `users` (users_database.yml) or `identity_providers` (configuration.yml)")
    left: list[Left] = []
    people = tuple(
        _someone(str(name), mapping(about), whole, left) for name, about in mapping(whole.get("users")).items()
    )
    oidc = mapping(mapping(whole.get("identity_providers")).get("oidc"))
    applications = tuple(
        _application(one, left) for one in mappings(oidc.get("clients")) if one.get("client_id") or one.get("id")
    )
    return Found(product="Authelia", people=people, applications=applications, left=tuple(left))


def _someone(name: str, about: Mapping[str, Any], whole: Mapping[str, Any], left: list[Left]) -> Someone:
    draft = Draft(
        username=name, email=str(about.get("email") or "") or None, name=str(about.get("displayname") or ""),
        groups=tuple(texts(about.get("groups"))),
        claims={ours: str(about[theirs]) for theirs, ours in _CLAIMS.items() if about.get(theirs)},
    )  # fmt: skip
    carried = Carried(
        draft=draft, id=_identifier(name, whole), enabled=not about.get("disabled", False),
        seeds=tuple(_seeds(name, whole, left)), passkeys=tuple(_passkeys(name, whole)),
    )  # fmt: skip
    return tables.hashed(carried, str(about.get("password") or ""), left)


def _identifier(name: str, whole: Mapping[str, Any]) -> str:
    """What applications know the person by, from `storage user identifiers export`."""
    for one in mappings(whole.get("identifiers")):
        if one.get("username") == name and one.get("service") == "openid" and not one.get("sector_id"):
            return str(one.get("identifier", "")).lower()
    return ""


def _seeds(name: str, whole: Mapping[str, Any], left: list[Left]) -> list[Seed]:
    found: list[Seed] = []
    for one in mappings(whole.get("totp_configurations")):
        if one.get("username") != name:
            continue
        shape = (str(one.get("algorithm", "SHA1")).upper(), one.get("digits", 6), one.get("period", 30))
        if shape != ("SHA1", 6, 30):
            left.append(Left("otp", name, f"{shape[1]} digits by {shape[0]}: apps here show six digits by SHA-1"))
            continue
        try:
            secret = b64decode(str(one.get("secret", "")), validate=True).decode("ascii")
        except ValueError:
            left.append(Left("otp", name, "its secret cannot be read"))
            continue
        found += seeds.of(name, secret, "Authenticator app", left)
    return found


def _passkeys(name: str, whole: Mapping[str, Any]) -> list[Passkey]:
    return [
        Passkey(
            id=hashes.base64url(hashes.raw(str(one.get("kid", "")))),
            public_key=hashes.base64url(hashes.raw(str(one.get("public_key", "")))), party=str(one.get("rpid", "")),
            counter=int(one.get("sign_count") or 0), label=str(one.get("description") or "Passkey"),
            aaguid=str(one.get("aaguid") or ""), transports=tuple(texts(one.get("transports"))),
            alone=bool(one.get("discoverable") and one.get("verified")),
        )
        for one in mappings(whole.get("webauthn_credentials")) if one.get("username") == name
    ]  # fmt: skip


def _application(one: Mapping[str, Any], left: list[Left]) -> Application:
    name = str(one.get("client_id") or one.get("id"))
    public = bool(one.get("public"))
    redirects = texts(one.get("redirect_uris"))
    grants = texts(one.get("grant_types")) or ["authorization_code"]
    metadata: dict[str, Any] = {"grant_types": [*grants]} if redirects else {}
    if redirects:
        metadata["redirect_uris"] = redirects
        if "offline_access" in texts(one.get("scopes")) and "refresh_token" not in grants:
            metadata["grant_types"] = [*grants, "refresh_token"]
    secret = None
    if public:
        profile = "native" if any("://localhost" in uri or not uri.startswith("http") for uri in redirects) else "spa"
        metadata["token_endpoint_auth_method"] = "none"
    else:
        profile = ("web" if one.get("require_pkce") else "legacy") if redirects else "machine"
        secret = _secret(name, str(one.get("client_secret") or one.get("secret") or ""), left)
    left += (
        Left(key.replace("_", " "), name, f"{one[key]}: say it anew by the rules here")
        for key in ("authorization_policy", "claims_policy", "lifespan")
        if one.get(key) not in (None, "two_factor", "one_factor")
    )
    return Application(
        id=name, name=str(one.get("client_name") or one.get("description") or name), profile=profile,
        metadata=metadata, secret=secret,
    )  # fmt: skip


def _secret(name: str, text: str, left: list[Left]) -> str | None:
    clear = text.removeprefix("$plaintext$")
    if clear.startswith("$"):
        left.append(Left("secret", name, "is kept there as a slow hash, which says nothing: here it has a new one"))
        return None
    if len(clear) < MIN_SECRET:
        left.append(Left("secret", name, f"has only {len(clear)} characters: here it has a new one"))
        return None
    return clear
