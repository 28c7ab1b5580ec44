"""What `doorward client set` is told: KEY=VALUE, KEY+=VALUE (one more in a list), KEY-=VALUE, KEY= (the default)."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from idp.cli import application_options
from idp.cli.terminal import printable
from idp.installation.failures import Failed

if TYPE_CHECKING:
    from clients.metadata import Wrong
    from clients.values import Kind

_SIGNS: Final = ("+", "-")
#: What stands beside the metadata, under a word of its own.
_OWN: Final = ("name", "profile")


@dataclass(frozen=True, slots=True)
class Asked:
    """What is to be different. `builds`: it depends on the list that was there, which nobody may change meanwhile."""

    metadata: Mapping[str, Any]
    name: str | None = None
    profile: str | None = None
    builds: bool = False


def read(given: list[str], now: Mapping[str, Any], fields: Mapping[str, Any]) -> Asked:
    """What the words of the command make of the values that stand `now`; `Wrong` for what cannot be taken."""
    from clients.metadata import find_kind, read_setting

    own: dict[str, str] = {}
    found: dict[str, Any] = {}
    rest, steps = [], []
    for entry in given:
        key, equals, text = entry.partition("=")
        if key in _OWN and text:
            own[key] = text
        elif equals and key[-1:] in _SIGNS and len(key) > 1:
            steps.append((key[:-1], key[-1], text))
        elif equals and not text:
            found[key] = None if find_kind(key, fields) else read_setting(key, "", fields)
        else:
            rest.append(entry)
    found = {**application_options.settings(rest, "KEY=VALUE", fields), **found}
    for key, sign, text in steps:
        found[key] = _changed(key, sign, text, found.get(key, now.get(key)), fields)
    return Asked(found, own.get("name"), own.get("profile"), bool(steps) or "acs" in found)


def _changed(key: str, sign: str, text: str, now: Any, fields: Mapping[str, Any]) -> Any:
    """The list with what is added, or without what is taken out; else `Wrong`."""
    from clients.metadata import Wrong, find_kind, read_setting

    more = read_setting(key, text, fields)
    kind = find_kind(key, fields)
    if isinstance(now, Wrong) or isinstance(more, Wrong) or kind is None:
        return now if isinstance(now, Wrong) else more
    if not _is_list(kind):
        return _wrong(key, f"is no list; write {key}=VALUE")
    before, these = items(now), items(more)
    if not these:
        return _wrong(key, f"{key}{sign}= needs a value, such as {key}{sign}VALUE")
    if sign == "-" and (missing := [one for one in these if one not in before]):
        has = ", ".join(map(str, before)) or "nothing"
        return _wrong(key, f"{missing[0]} is not among them; there is {has}")
    changed = [*before, *these] if sign == "+" else [one for one in before if one not in these]
    changed = list(dict.fromkeys(changed))
    return changed if kind.shape == "lines" else " ".join(map(str, changed))


def _is_list(kind: Kind) -> bool:
    from clients.values import SCOPE

    return kind.shape == "lines" or kind.check is SCOPE.check


def _wrong(key: str, message: str) -> Wrong:
    from clients.errors import Problem
    from clients.metadata import Wrong

    return Wrong((Problem(key, message),))


def items(value: Any) -> list[Any]:
    """What a list has, or a text that parts its values by spaces."""
    return value.split() if isinstance(value, str) else list(value or ())


@contextlib.contextmanager
def meanwhile() -> Iterator[None]:
    """Somebody else changed it between our look and our change: nothing is lost. Errors: `Failed`."""
    from clients.errors import ChangedMeanwhile

    try:
        yield
    except ChangedMeanwhile:
        raise Failed("somebody else changed it at the same moment, so nothing was changed: run it again") from None


def differences(before: Mapping[str, Any], after: Mapping[str, Any], fields: Mapping[str, Any]) -> Iterator[str]:
    """Of each list that changed: what it was, and what it is now."""
    for key in (key for key, kind in fields.items() if _is_list(kind)):
        was, now = items(before.get(key)), items(after.get(key))
        if was != now:
            yield f"{key} was:  {_shown(was)}"
            yield f"{' ' * len(key)} now:  {_shown(now)}"
            if was and set(was) - set(now) and set(now) - set(was):
                yield f"{' ' * len(key)} {key}+=VALUE adds to a list and leaves what is there; {key}-=VALUE takes out"


def _shown(values: list[Any]) -> str:
    return ", ".join(printable(str(one)) for one in values) or "(nothing)"
