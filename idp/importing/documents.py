"""YAML and what stands in it, whatever somebody wrote there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from idp.importing.found import NotReadable


def yaml_of(raw: bytes) -> Mapping[str, Any]:
    """A document that is a mapping. Errors: `NotReadable`."""
    import yaml  # only where somebody brings such a file

    class Plain(yaml.SafeLoader):
        """Without aliases: of a few lines they make texts of gigabytes (X30)."""

        def compose_node(self, parent: Any, index: Any) -> Any:
            if self.check_event(yaml.AliasEvent):
                raise yaml.YAMLError("it has an alias (*name): write out what it stands for")
            return super().compose_node(parent, index)

    try:
        value = yaml.load(raw, Loader=Plain)  # noqa: S506 - it is a SafeLoader
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        raise NotReadable(f"it is no YAML: {' '.join(str(error).split())[:200]}") from None
    if not isinstance(value, dict):
        raise NotReadable("it is no YAML with names and values")
    return value


def mapping(value: Any) -> Mapping[str, Any]:
    """It, where it is one; else none."""
    return value if isinstance(value, Mapping) else {}


def mappings(value: Any) -> list[Mapping[str, Any]]:
    """Those of a list."""
    return [one for one in value if isinstance(one, Mapping)] if isinstance(value, list) else []


def texts(value: Any) -> list[str]:
    """Those of a list, or the one."""
    if isinstance(value, str):
        return [value]
    return [str(one) for one in value] if isinstance(value, list) else []
