"""Where things are kept, and the keys that they are sealed with."""

from __future__ import annotations

import re
from typing import Literal, Self
from urllib.parse import urlsplit

from pydantic import Field, field_validator, model_validator

from idp.config.hosts import is_loopback
from idp.config.section import Section
from idp.config.several_hosts import place_of


class Storage(Section):
    """Where things are kept. The embedded default needs no other server; grow by two URLs."""

    data_dir: str = Field(
        "var", description="The folder of the embedded database and the master key; relative to this file."
    )
    database_url: str = Field(
        "",
        description="Empty: SQLite in data_dir. Grown: postgresql://user:password@host/name, or postgresql://user:password@host1,host2/name?target_session_attrs=read-write",
    )
    state_url: str = Field(
        "",
        description="Codes and counters. Empty: in the database. Grown: redis://host:6379/0, redis+sentinel://host1,host2,host3/service/0 or redis+cluster://host1,host2,host3",
    )

    @field_validator("database_url")
    @classmethod
    def _database(cls, value: str) -> str:
        if value and not re.match(r"(sqlite|postgresql(\+psycopg)?|postgres)://", value):
            raise ValueError("expected empty, sqlite:///path or postgresql://user:password@host/name")
        return re.sub(r"^postgres://", "postgresql://", value)

    @field_validator("state_url")
    @classmethod
    def _state(cls, value: str) -> str:
        if value and not re.match(r"(rediss?(\+sentinel|\+cluster)?|unix)://", value):
            raise ValueError(
                "expected empty or redis://host:6379/0 (rediss:// for TLS), redis+sentinel://, redis+cluster://"
            )
        place_of(value)
        return value


class Keys(Section):
    """Signing keys and the master key that seals them."""

    master_key: str = Field(
        "", description="The master key itself, base64url of 32 bytes; meant for DOORWARD_MASTER_KEY."
    )
    master_key_file: str = Field(
        "", description="A file that holds it, mode 0600. Empty: master.key in data_dir, made by `doorward init`."
    )
    master_key_command: str = Field("", description="A command that prints it, for a vault; run once at start.")
    algorithms: list[str] = Field(
        ["RS256", "ES256"],
        description="Algorithms with a key from the first day: RS256, PS256, ES256, EdDSA and the 384/512 forms. Others get one when a client registers for them.",
    )
    rotate_days: int = Field(90, ge=1, le=3650, description="Age at which a signing key is replaced.")
    publish_hours: int = Field(
        24, ge=1, le=720, description="How long the next key stands in the JWKS before it signs."
    )
    new_keys_in: Literal["database", "pkcs11", "transit"] = Field(
        "database",
        description="Where the private halves of new signing keys lie: sealed in the database, in a PKCS#11 token, or in the transit engine of OpenBao or Vault. Those that there are stay where they are. See docs/keys.md.",
    )
    pkcs11_module: str = Field("", description="The token's library, such as /usr/lib/softhsm/libsofthsm2.so.")
    pkcs11_token: str = Field("", description="The token's label.")
    pkcs11_pin: str = Field("", description="Its user PIN; meant for DOORWARD_PKCS11_PIN.")
    pkcs11_pin_file: str = Field("", description="A file that holds the PIN, mode 0600.")
    pkcs11_pin_command: str = Field("", description="A command that prints it; run when a process first signs.")
    transit_url: str = Field("", description="OpenBao or Vault, such as https://bao.example.com:8200.")
    transit_mount: str = Field(
        "transit", description="Where the engine is mounted.", pattern=r"^[A-Za-z0-9_/-]{1,100}$"
    )
    transit_token: str = Field("", description="The token to show it; meant for DOORWARD_TRANSIT_TOKEN.")
    transit_token_file: str = Field(
        "", description="A file that holds it, mode 0600, read at each signature: an agent may renew it."
    )

    @field_validator("transit_url")
    @classmethod
    def _transit(cls, value: str) -> str:
        parts = urlsplit(value)
        own = parts.scheme == "http" and is_loopback(parts.hostname or "")
        if value and not (own or (parts.scheme == "https" and parts.hostname)):
            raise ValueError("expected https://host:port; http:// on this machine alone, for it carries a token")
        return value.rstrip("/")

    @model_validator(mode="after")
    def _has_a_place(self) -> Self:
        if self.new_keys_in == "pkcs11" and not (self.pkcs11_module and self.pkcs11_token):
            raise ValueError('new_keys_in = "pkcs11" needs pkcs11_module and pkcs11_token')
        if self.new_keys_in == "transit" and not self.transit_url:
            raise ValueError('new_keys_in = "transit" needs transit_url')
        return self
