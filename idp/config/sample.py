"""The example file, written from the settings themselves."""

from __future__ import annotations

from typing import Any

from idp.config.loading import ENVIRONMENT
from idp.config.settings import Settings


def example() -> str:
    """The text of `config.example.toml`: every setting with its default and reason."""
    lines = [
        "# Every setting of Doorward with its default. Copy what you change to doorward.toml; leave out the rest.",
        "# Environment variables win over this file: " + ", ".join(ENVIRONMENT) + ".",
    ]
    for name, field in Settings.model_fields.items():
        section: Any = field.annotation
        lines += ["", f"# {section.__doc__}", f"[{name}]"]
        for key, setting in section.model_fields.items():
            lines += [f"# {setting.description}", f"{key} = {_toml(setting.default)}"]
    return "\n".join(lines) + "\n"


def _toml(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    if isinstance(value, list):
        return "[" + ", ".join(_toml(v) for v in value) + "]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_toml(k)} = {_toml(v)}" for k, v in value.items()) + "}"
    return str(value)
