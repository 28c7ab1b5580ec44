"""A realm as `kc.sh export` of Keycloak 26 writes it, in the parts that an import looks at."""

from __future__ import annotations

import hashlib
import json
import secrets
from base64 import b64encode
from typing import Any
from uuid import UUID, uuid5

from argon2 import Type
from argon2.low_level import hash_secret_raw

SPACE = UUID("6f5a0c9e-5d0c-4a51-9d0b-0f6f4a3f7a10")
OLD = "what I typed in Keycloak"
TOTP = "Jd2LkR8sTq0vXwYz1bCe"  # as Keycloak makes them: letters and digits, whose bytes are the seed


def user_id(name: str) -> str:
    return str(uuid5(SPACE, name))


def credential(kind: str, secret: dict[str, Any], about: dict[str, Any], label: str = "") -> dict[str, Any]:
    return {
        "id": str(uuid5(SPACE, kind + json.dumps(about))), "type": kind, "userLabel": label,
        "createdDate": 1700000000000, "secretData": json.dumps(secret), "credentialData": json.dumps(about),
    }  # fmt: skip


def pbkdf2(password: str = OLD, digest: str = "sha512", turns: int = 21000) -> dict[str, Any]:
    salt = secrets.token_bytes(16)
    made = hashlib.pbkdf2_hmac(digest, password.encode(), salt, turns, 64)
    return credential(
        "password", {"value": b64encode(made).decode(), "salt": b64encode(salt).decode(), "additionalParameters": {}},
        {"hashIterations": turns, "algorithm": f"pbkdf2-{digest}", "additionalParameters": {}},
    )  # fmt: skip


def argon2(password: str = OLD) -> dict[str, Any]:
    salt = secrets.token_bytes(16)
    made = hash_secret_raw(password.encode(), salt, 5, 7168, 1, 32, Type.ID)
    more = {"hashLength": ["32"], "memory": ["7168"], "type": ["id"], "version": ["1.3"], "parallelism": ["1"]}
    return credential(
        "password", {"value": b64encode(made).decode(), "salt": b64encode(salt).decode(), "additionalParameters": {}},
        {"hashIterations": 5, "algorithm": "argon2", "additionalParameters": more},
    )  # fmt: skip


def otp(value: str = TOTP, **about: Any) -> dict[str, Any]:
    return credential(
        "otp", {"value": value},
        {"subType": "totp", "digits": 6, "counter": 0, "period": 30, "algorithm": "HmacSHA1", **about}, "Phone",
    )  # fmt: skip


def passkey(credential_id: bytes, public_key: str, alone: bool) -> dict[str, Any]:
    about = {
        "aaguid": "00000000-0000-0000-0000-000000000000", "credentialId": b64encode(credential_id).decode(),
        "counter": 0, "credentialPublicKey": public_key, "attestationStatementFormat": "none",
        "transports": ["INTERNAL"],
    }  # fmt: skip
    return credential("webauthn-passwordless" if alone else "webauthn", {}, about, "Laptop")


def user(name: str, *credentials: dict[str, Any], **about: Any) -> dict[str, Any]:
    return {
        "id": user_id(name), "username": name, "firstName": name.title(), "lastName": "Berg",
        "email": f"{name}@example.com", "emailVerified": True, "enabled": True, "totp": False,
        "createdTimestamp": 1700000000000, "credentials": list(credentials), "requiredActions": [],
        "disableableCredentialTypes": [], "realmRoles": ["default-roles-staff"], "notBefore": 0, "groups": [], **about,
    }  # fmt: skip


def client(client_id: str, **about: Any) -> dict[str, Any]:
    return {
        "id": str(uuid5(SPACE, client_id)), "clientId": client_id, "name": "", "enabled": True,
        "protocol": "openid-connect",
        "clientAuthenticatorType": "client-secret", "publicClient": False, "standardFlowEnabled": True,
        "implicitFlowEnabled": False, "directAccessGrantsEnabled": False, "serviceAccountsEnabled": False,
        "redirectUris": [], "webOrigins": [], "attributes": {}, **about,
    }  # fmt: skip


def realm(*users: dict[str, Any], **about: Any) -> bytes:
    own = [client(name) for name in ("account", "account-console", "admin-cli", "broker", "realm-management")]
    return json.dumps({
        "id": str(uuid5(SPACE, "staff")), "realm": "staff", "enabled": True, "users": list(users), "groups": [],
        "identityProviders": [], "webAuthnPolicyRpId": "", "webAuthnPolicyPasswordlessRpId": "",
        **about, "clients": [*own, *about.get("clients", [])],
    }).encode()  # fmt: skip
