"""Typed settings from one TOML file and the environment.

Order: environment over file over default. A wrong key, type or value is named with its file, line and what is expected.
`config.example.toml` is written from these very fields (`example()`), so it cannot drift. One file for each kind of
section; a section's class is imported from here, too, and only when it is asked for.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from idp.config.hosts import is_loopback
from idp.config.loading import ENVIRONMENT, ConfigError, load
from idp.config.settings import HOMES, Settings

if TYPE_CHECKING:
    from idp.config.backup import Backup
    from idp.config.brand import EDITABLE, Brand, Portal
    from idp.config.factors import AdminCodes, FactorRule, Factors, Passkeys
    from idp.config.issuing import OAuth, Saml, Tokens
    from idp.config.log import Audit, Log
    from idp.config.mail import Mail, Sms
    from idp.config.passwords import Passwords, Recovery
    from idp.config.self_registration import RegisteringApp, SelfRegistration
    from idp.config.server import Outbound, Server
    from idp.config.session import Session, Throttle
    from idp.config.storage import Keys, Storage

__all__ = [
    "EDITABLE", "ENVIRONMENT", "AdminCodes", "Audit", "Backup", "Brand", "ConfigError", "FactorRule", "Factors", "Keys",
    "Log", "Mail", "OAuth", "Outbound", "Passkeys", "Passwords", "Portal", "Recovery", "RegisteringApp", "Saml",
    "SelfRegistration", "Server", "Session", "Settings", "Sms", "Storage", "Throttle", "Tokens", "example",
    "is_loopback", "load",
]  # fmt: skip


def __getattr__(name: str) -> Any:
    home = HOMES.get(name) or {"EDITABLE": "brand"}.get(name)
    if home is None:
        raise AttributeError(name)
    return getattr(import_module(f"idp.config.{home}"), name)


def example() -> str:
    """The text of `config.example.toml`: every setting with its default and reason."""
    from idp.config import sample

    return sample.example()
