"""All the sections together."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Final, Self
from urllib.parse import urlsplit

from idp.config.hosts import is_loopback

if TYPE_CHECKING:
    from idp.config.admin import Admin
    from idp.config.backup import Backup
    from idp.config.brand import Brand, Portal
    from idp.config.factors import AdminCodes, Factors, Passkeys
    from idp.config.issuing import OAuth, Saml, Tokens
    from idp.config.kerberos import Kerberos
    from idp.config.log import Audit, Log
    from idp.config.mail import Mail, Sms
    from idp.config.metrics import Metrics
    from idp.config.passwords import Passwords, Recovery
    from idp.config.self_registration import SelfRegistration
    from idp.config.server import Outbound, Server
    from idp.config.session import Session, Throttle
    from idp.config.storage import Keys, Storage
    from idp.config.tracing import Tracing

#: The files that the sections' classes stand in. Each is imported when its section is asked for, or spoken of: making
#: the classes of all of them costs every command more than reading its few settings.
HOMES: Final[Mapping[str, str]] = {
    "Server": "server",
    "Outbound": "server",
    "Storage": "storage",
    "Keys": "storage",
    "Brand": "brand",
    "Portal": "brand",
    "Session": "session",
    "Throttle": "session",
    "Passwords": "passwords",
    "Recovery": "passwords",
    "SelfRegistration": "self_registration",
    "RegisteringApp": "self_registration",
    "FactorRule": "factors",
    "Factors": "factors",
    "Passkeys": "factors",
    "AdminCodes": "factors",
    "Tokens": "issuing",
    "OAuth": "issuing",
    "Saml": "issuing",
    "Mail": "mail",
    "Sms": "mail",
    "Log": "log",
    "Audit": "log",
    "Admin": "admin",
    "Backup": "backup",
    "Metrics": "metrics",
    "Tracing": "tracing",
    "Kerberos": "kerberos",
}


class Invalid(ValueError):
    """Sections that cannot be used; `problems` as pydantic lists them, each `loc` beginning with the section."""

    def __init__(self, problems: list[dict[str, Any]]) -> None:
        super().__init__("; ".join(f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in problems))
        self.problems = problems


@dataclass(frozen=True, slots=True)
class _Field:
    """One section, as pydantic's `model_fields` has it."""

    name: str

    @property
    def annotation(self) -> Any:
        """The section's class."""
        return section_class(self.name)


def section_class(name: str) -> Any:
    """The class of a section, by the section's name."""
    # Else pydantic reads the metadata of every package there is, for code of others that would be shown our secrets.
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
    kind = Settings.__annotations__[name]
    return getattr(import_module(f"idp.config.{HOMES[kind]}"), kind)


class Settings:
    """Everything that can be set. A section of which nothing is said is made, of defaults, when it is asked for."""

    model_fields: ClassVar[Mapping[str, _Field]]

    server: Server
    storage: Storage
    brand: Brand
    session: Session
    passwords: Passwords
    recovery: Recovery
    self_registration: SelfRegistration
    throttle: Throttle
    factors: Factors
    admin_codes: AdminCodes
    passkeys: Passkeys
    tokens: Tokens
    oauth: OAuth
    saml: Saml
    keys: Keys
    outbound: Outbound
    mail: Mail
    sms: Sms
    portal: Portal
    log: Log
    audit: Audit
    admin: Admin
    backup: Backup
    metrics: Metrics
    tracing: Tracing
    kerberos: Kerberos
    #: The file's folder; relative paths start there.
    base_dir: str
    #: Where each that was given comes from, by section and key: a line of the file, a variable, an option.
    places: Callable[[], Mapping[tuple[str, str], str]]

    def __init__(
        self, *, base_dir: str = ".", places: Callable[[], Mapping[tuple[str, str], str]] = dict, **sections: Any
    ) -> None:
        """Sections as mappings, or made. Errors: `Invalid`, with all that is wrong in all of them."""
        self.__dict__.update(base_dir=base_dir, places=places)
        problems: list[dict[str, Any]] = []
        for name in self.model_fields:
            if name in sections:
                problems += self._take(name, sections[name])
        if "passkeys" in self.__dict__:
            problems += self._relying_party(sections["passkeys"])
        problems += [
            {"type": "extra_forbidden", "loc": (name,), "msg": "there is no such section", "input": value}
            for name, value in sections.items()
            if name not in self.model_fields
        ]
        if problems:
            raise Invalid(problems)

    def _take(self, name: str, value: Any) -> list[dict[str, Any]]:
        from pydantic import ValidationError

        try:
            self.__dict__[name] = section_class(name).model_validate(value)
        except ValidationError as error:
            return [{**problem, "loc": (name, *problem["loc"])} for problem in error.errors()]
        return []

    def __getattr__(self, name: str) -> Any:
        if name not in self.model_fields:
            raise AttributeError(name)
        return self.__dict__.setdefault(name, section_class(name)())

    def __setattr__(self, name: str, value: Any) -> None:
        raise AttributeError(f"settings do not change: {name}")

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Settings):
            return NotImplemented
        names = ("base_dir", *self.model_fields)
        return self is other or all(getattr(self, name) == getattr(other, name) for name in names)

    __hash__ = None  # type: ignore[assignment]

    @classmethod
    def model_validate(cls, sections: Mapping[str, Any]) -> Self:
        """Settings of sections by name. Errors: `Invalid`."""
        return cls(**sections)

    def model_copy(self, *, update: Mapping[str, Any]) -> Self:
        """These settings with some sections in place of those that stand."""
        return type(self)(**{**self.__dict__, **update})

    def _relying_party(self, given: Any) -> list[dict[str, Any]]:
        """WebAuthn §5.1.2: the issuer's host or a parent of it; another domain only where browsers are told of us."""
        value, issuer = self.passkeys, self.server.issuer
        parts = urlsplit(issuer)
        if (
            not value.rp_id
            or f".{parts.hostname}".endswith(f".{value.rp_id}")
            or f"{parts.scheme}://{parts.netloc}" in value.related_origins
        ):
            return []
        told = (
            f"rp_id must be {parts.hostname} or a parent domain of it, or the issuer's origin must stand in "
            f"related_origins, for passkeys that were made under another host name"
        )
        return [{"type": "value_error", "loc": ("passkeys",), "msg": told, "input": given}]

    @property
    def data_dir(self) -> Path:
        """The data folder, absolute."""
        return self.path(self.storage.data_dir)

    @property
    def database_url(self) -> str:
        """The store's URL; SQLite in the data folder by default."""
        return self.storage.database_url or f"sqlite:///{self.data_dir / 'doorward.db'}"

    @property
    def saml_entity_id(self) -> str:
        """Our SAML entityID."""
        return self.saml.entity_id or f"{self.server.issuer}/saml/metadata"

    @property
    def saml_scope(self) -> str:
        """The scope of scoped attributes."""
        return self.saml.scope or (urlsplit(self.server.issuer).hostname or "").lower()

    @property
    def is_https(self) -> bool:
        """Whether cookies may be `Secure` and `__Host-`."""
        return self.server.issuer.startswith("https:")

    @property
    def has_host_name(self) -> bool:
        """Whether passkeys are possible: their relying party is a host name, never an address (WebAuthn §5.1.2)."""
        host = urlsplit(self.server.issuer).hostname or ""
        return not re.fullmatch(r"[\d.]+|.*:.*", host) and (self.is_https or is_loopback(host))

    def path(self, value: str) -> Path:
        """A path of the settings, absolute."""
        return (Path(self.base_dir) / value).resolve()


Settings.model_fields = {name: _Field(name) for name, kind in Settings.__annotations__.items() if kind in HOMES}
