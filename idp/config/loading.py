"""Settings from one TOML file, the environment and the command line; what is wrong is named with its place."""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

from idp.config.masking import ADDRESSES, MASKED, SECRET
from idp.config.settings import Invalid, Settings

#: Environment variables that override a setting.
ENVIRONMENT: Mapping[str, tuple[str, str]] = {
    "DOORWARD_ISSUER": ("server", "issuer"),
    "DOORWARD_DATA_DIR": ("storage", "data_dir"),
    "DOORWARD_DATABASE_URL": ("storage", "database_url"),
    "DOORWARD_STATE_URL": ("storage", "state_url"),
    "DOORWARD_OUTBOUND_ALLOW": ("outbound", "allow"),
    "DOORWARD_OUTBOUND_CA": ("outbound", "ca"),
    "DOORWARD_MASTER_KEY": ("keys", "master_key"),
    "DOORWARD_PKCS11_PIN": ("keys", "pkcs11_pin"),
    "DOORWARD_TRANSIT_TOKEN": ("keys", "transit_token"),
    "DOORWARD_MAIL_PASSWORD": ("mail", "password"),
    "DOORWARD_SMS_TOKEN": ("sms", "token"),
    "DOORWARD_AUDIT_WEBHOOK_SECRET": ("audit", "webhook_secret"),
    "DOORWARD_BACKUP_PASSPHRASE": ("backup", "passphrase"),
    "DOORWARD_METRICS_TOKEN": ("metrics", "token"),
    "DOORWARD_TRACING_TOKEN": ("tracing", "token"),
}


#: A scheme, a host and the name of a database.
_BARE = re.compile(r"[a-z]+://[a-z][a-z0-9.-]*(/[a-z0-9]*)?")


class ConfigError(Exception):
    """The settings cannot be used; the message says where and what to write instead."""


def load(
    file: Path | None, environ: Mapping[str, str] = os.environ, options: Mapping[str, Any] = MappingProxyType({})
) -> Settings:
    """Read the settings. `file` None: defaults and environment; `options`: keys of [server] from the command line.

    Errors: `ConfigError`.
    """
    text, values = "", {}
    if file is not None:
        try:
            text = file.read_text("utf-8")
            values = tomllib.loads(text)
        except OSError as error:
            raise ConfigError(f"{file}: {error.strerror}") from error
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise ConfigError(f"{file}: not TOML: {error}") from error
    origins: dict[tuple[str, str], str] = {}
    given: list[tuple[str, str, Any, str]] = [
        (
            section,
            key,
            environ[variable].split() if key == "allow" else environ[variable],
            f"environment variable {variable}",
        )
        for variable, (section, key) in ENVIRONMENT.items()
        if variable in environ
    ]
    given += [("server", key, value, f"option --{key}") for key, value in options.items()]
    for section, key, value, place in given:
        target = values.setdefault(section, {})
        if isinstance(target, dict):
            target[key] = value
            origins[(section, key)] = place
    keys = [(name, key) for name, section in values.items() if isinstance(section, dict) for key in section]
    server = values.setdefault("server", {})
    if isinstance(server, dict) and type(server.get("port")) is int and "issuer" not in server:
        server["issuer"] = f"http://127.0.0.1:{server['port']}"  # on this machine it follows the port
        origins["server", "issuer"] = "server.port"
        keys.append(("server", "issuer"))

    def places() -> Mapping[tuple[str, str], str]:  # seldom asked for, so not made at every start
        return {where: origins.get(where) or f"{file}:{_line(text, where)}" for where in keys}

    try:
        return Settings(**values, base_dir=str(file.parent if file is not None else Path.cwd()), places=places)
    except Invalid as error:
        raise ConfigError("\n".join(_explain(e, file, text, origins) for e in error.problems)) from error


def _explain(problem: Any, file: Path | None, text: str, origins: Mapping[tuple[str, str], str]) -> str:
    where = tuple(str(part) for part in problem["loc"])
    key = ".".join(where)
    if (given := origins.get((where[0], where[1] if len(where) > 1 else ""))) is not None:
        place = given
    else:
        place = f"{file}:{_line(text, where)}"
    if problem["type"] == "extra_forbidden":
        known = _known(where[:-1])
        return f"{place}: unknown key {key}; expected one of: {', '.join(known)}"
    message = problem["msg"].removeprefix("Value error, ")
    if problem["type"] == "model_type":
        message = f"expected a section: [{key}] on a line of its own"
    told = f"{message[0].lower()}{message[1:]}"
    if isinstance(problem["input"], dict):  # two settings that do not fit together; all of a section may hold a secret
        return f"{place}: {key}: {told}"
    # An address that is wrong may have its password anywhere: that of a store is told where it has room for none.
    is_bare = where[0] == "storage" and _BARE.fullmatch(str(problem["input"])) is not None
    is_secret = "key" in where[-1] or where[:2] in SECRET or (where[:2] in ADDRESSES and not is_bare)
    return f"{place}: {key} = {MASKED if is_secret else repr(problem['input'])}: {told}"


def _known(where: tuple[str, ...]) -> list[str]:
    model: Any = Settings
    for part in where:
        model = model.model_fields[part].annotation if part in model.model_fields else Settings
    return sorted(model.model_fields)


def _line(text: str, where: tuple[str, ...]) -> int:
    """The line on which a key stands, 1-based; the section's line where the key is not found, else 1."""
    section, best = "", 1
    for number, line in enumerate(text.splitlines(), 1):
        stripped = line.strip()
        if match := re.match(r"\[\[?\s*([\w.\"-]+)\s*\]", stripped):
            section = match[1].strip('"')
            if f"{section}.".startswith(f"{'.'.join(where[:2])}."):
                return number  # a table of its own
            if section == where[0]:
                best = number
        elif match := re.match(r"([\w.\"-]+)\s*=", stripped):
            full = ".".join(filter(None, (section, match[1].strip('"'))))
            if f"{full}.".startswith(f"{'.'.join(where[:2])}.") or full == where[0]:
                return number
    return best
