"""Keycloak: the realm files that `kc.sh export` writes. https://www.keycloak.org/server/importExport

People keep their ids, passwords, authenticator apps and passkeys; groups their paths; applications and service
providers their ids and secrets.
"""

from __future__ import annotations

import json
from base64 import b32encode
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from idp.accounts.carrying import Carried, Passkey
from idp.accounts.hash_schemes import UnknownScheme
from idp.accounts.person import Draft
from idp.importing import hashes, keycloak_clients, seeds
from idp.importing.found import Found, Left, NotReadable, Someone

#: Attributes of theirs that are claims of ours (Core 1.0 §5.1); others keep their names.
_CLAIMS: Final = {
    "phoneNumber": "phone_number", "phoneNumberVerified": "phone_number_verified", "mobile": "phone_number",
    "locale": "locale", "picture": "picture", "website": "website", "zoneinfo": "zoneinfo", "birthdate": "birthdate",
    "gender": "gender", "nickname": "nickname", "middleName": "middle_name", "profile": "profile",
}  # fmt: skip
_FLAGS: Final = ("phone_number_verified",)
_DEFAULT_ROLES: Final = ("offline_access", "uma_authorization")
#: What a realm has that is not carried over by any file of ours, and what to do in its place.
_ELSEWHERE: Final = (
    ("identityProviders", "provider", "set it up here: people are known to it by an agreement of two sides"),
    ("authenticationFlows", "flow", "what signing in takes is said by the sign-in rules here"),
)


def read(files: Sequence[bytes], *, roles_as_groups: bool = False) -> Found:
    """One realm, in one file or with its users in files of their own. Errors: `NotReadable`."""
    found = [part for raw in files for part in _objects(raw)]
    realms = [part for part in found if "realm" in part and ("clients" in part or "groups" in part or "users" in part)]
    names = {str(part["realm"]) for part in found if "realm" in part}
    if not realms:
        raise NotReadable("it is no realm: give the file that `kc.sh export --realm NAME --file FILE` writes")
    if len(names) > 1:
        raise NotReadable(f"it holds several realms ({', '.join(sorted(names))}): import one at a time")
    realm: dict[str, Any] = max(realms, key=lambda part: len(part))
    left: list[Left] = []
    users = [user for part in found for user in part.get("users") or () if isinstance(user, dict)]
    people = [
        someone for user in users
        if (someone := _someone(user, realm, left, roles_as_groups=roles_as_groups)) is not None
    ]  # fmt: skip
    applications, providers = keycloak_clients.read(realm, left)
    left += _elsewhere(realm)
    return Found(
        product="Keycloak", people=tuple(people), groups=tuple(_paths(realm.get("groups") or ())),
        applications=applications, service_providers=providers, left=tuple(left), issuer=str(realm["realm"]),
    )  # fmt: skip


def _objects(raw: bytes) -> list[dict[str, Any]]:
    try:
        value = json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise NotReadable(f"it is no JSON: {error}") from None
    return [part for part in (value if isinstance(value, list) else [value]) if isinstance(part, dict)]


def _paths(groups: Sequence[Any], above: str = "") -> Iterator[str]:
    """Each group by its path: what stands in another one is called `Staff/IT`."""
    for group in groups:
        path = f"{above}/{group['name']}" if above else str(group["name"])
        yield path
        yield from _paths(group.get("subGroups") or (), path)


def _someone(
    user: Mapping[str, Any], realm: Mapping[str, Any], left: list[Left], *, roles_as_groups: bool
) -> Someone | None:
    name = str(user.get("username", ""))
    if user.get("serviceAccountClientId"):  # the program itself: here the application has its own tokens
        return None
    groups = [str(path).removeprefix("/") for path in user.get("groups") or ()]
    roles = [role for role in user.get("realmRoles") or () if not _is_default(str(role))]
    if roles_as_groups:
        groups += roles
    elif roles:
        left.append(Left("roles", name, f"{', '.join(map(str, roles))}: with --roles-as-groups they become groups"))
    draft = Draft(
        username=name, email=user.get("email") or None,
        email_verified=bool(user.get("emailVerified") and user.get("email")),
        name=" ".join(part for part in (user.get("firstName"), user.get("lastName")) if part),
        claims=_claims(user), groups=tuple(dict.fromkeys(groups)),
    )  # fmt: skip
    apps, passkeys, password = [], [], None
    for credential in user.get("credentials") or ():
        try:
            about, secret = _opened(credential, "credentialData"), _opened(credential, "secretData")
            kind = str(credential.get("type", ""))
            if kind == "password":
                password = hashes.keycloak(secret, about)
            elif kind == "otp":
                apps.append(
                    seeds.readable(_secret(secret, about), str(credential.get("userLabel") or "Authenticator app"))
                )
            elif kind.startswith("webauthn"):
                passkeys.append(_passkey(credential, about, realm, str(user.get("id", ""))))
            else:
                left.append(Left(kind, name, "cannot be carried over; they make new ones on their own pages"))
        except (UnknownScheme, ValueError, KeyError, TypeError, AttributeError) as error:
            left.append(Left(str(credential.get("type", "credential")), name, str(error) or "cannot be read"))
    left += _asked(user, name)
    carried = Carried(
        draft=draft, id=str(user.get("id", "")).lower(), enabled=bool(user.get("enabled", True)),
        seeds=tuple(apps), passkeys=tuple(passkeys),
    )  # fmt: skip
    return hashes.given(carried, password)


def _asked(user: Mapping[str, Any], name: str) -> Iterator[Left]:
    """What was to happen at the next sign-in there, and who signs in by somebody else."""
    for action in user.get("requiredActions") or ():
        yield Left("required action", name, f"{action} was still to be done there")
    for identity in user.get("federatedIdentities") or ():
        yield Left("link", name, f"signs in there by {identity.get('identityProvider')}: link them again here")


def _claims(user: Mapping[str, Any]) -> dict[str, Any]:
    found = {ours: user[theirs] for theirs, ours in (("firstName", "given_name"), ("lastName", "family_name"))
             if user.get(theirs)}  # fmt: skip
    for name, values in (user.get("attributes") or {}).items():
        values = values if isinstance(values, list) else [values]
        ours = _CLAIMS.get(name, name)
        value = values[0] if len(values) == 1 else values
        if values:
            found[ours] = str(value).lower() == "true" if ours in _FLAGS else value
    return found


def _is_default(role: str) -> bool:
    return role in _DEFAULT_ROLES or role.startswith("default-roles-")


def _opened(credential: Mapping[str, Any], name: str) -> dict[str, Any]:
    value = json.loads(credential.get(name) or "{}")
    return value if isinstance(value, dict) else {}


def _secret(secret: Mapping[str, Any], about: Mapping[str, Any]) -> str:
    """A seed in base32. Errors: `ValueError` for what is no TOTP of six digits, half a minute and SHA-1 (RFC 6238)."""
    shape = (about.get("subType", "totp"), about.get("digits", 6), about.get("period", 30), about.get("algorithm"))
    if shape[:3] != ("totp", 6, 30) or shape[3] not in (None, "HmacSHA1"):
        raise ValueError(f"{shape[0]} of {shape[1]} digits by {shape[3]}: apps here show six digits by SHA-1")
    value = str(secret["value"])
    if about.get("secretEncoding") == "BASE32":
        return value.rstrip("=").upper()
    return b32encode(value.encode()).decode("ascii").rstrip("=")


def _passkey(
    credential: Mapping[str, Any], about: Mapping[str, Any], realm: Mapping[str, Any], user_id: str
) -> Passkey:
    alone = credential["type"] == "webauthn-passwordless"
    party = str(realm.get("webAuthnPolicyPasswordlessRpId" if alone else "webAuthnPolicyRpId") or "")
    return Passkey(
        id=_base64url(about["credentialId"]), public_key=_base64url(about["credentialPublicKey"]), party=party,
        counter=int(about.get("counter") or 0), label=str(credential.get("userLabel") or "Passkey"),
        aaguid=str(about.get("aaguid") or ""), user_handle=hashes.base64url(user_id.encode()), alone=alone,
        transports=tuple(str(one).lower() for one in about.get("transports") or ()),
    )  # fmt: skip


def _base64url(text: str) -> str:
    return hashes.base64url(hashes.raw(text))


def _elsewhere(realm: Mapping[str, Any]) -> Iterator[Left]:
    for key, kind, why in _ELSEWHERE:
        for one in realm.get(key) or ():
            if not one.get("builtIn"):
                yield Left(kind, str(one.get("alias", "")), why)
