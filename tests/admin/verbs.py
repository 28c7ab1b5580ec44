"""The verbs of admins as the code has them: which of them change something, and which ask who it is. C1.

A verb changes something where it hands on a recorder, writes an event, opens a transaction, calls a method of the
directory, the registry or the key rings that does, or another function that does.
"""

from __future__ import annotations

import ast
import importlib
import inspect
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from clients.registry import Registry
from idp.accounts.directory import Directory

ADMIN = Path(__file__).parents[2] / "idp" / "admin"
#: What a door or a verb may ask of the rings without changing them; whatever else they have rolls a key.
READS = frozenset(
    ("active", "algorithms", "certificates", "check_ripe", "everything", "find", "is_due", "jwks", "list_keys", "pins",
     "policy", "published", "refresh", "served_everywhere_at", "shown_everywhere_at", "signer", "signs_nowhere_at",
     "snapshot", "verify")
)  # fmt: skip
#: Parts of the services whose methods change something where they are handed a recorder.
PARTS: Mapping[str, Any] = {"directory": Directory, "registry": Registry}
RINGS = frozenset(("ring", "certificates"))
#: Of a room's functions, parameters by which a change is told apart from a look: who did it, or what writes it down.
NAMES_A_CHANGE = frozenset(("record", "by", "actor"))


@dataclass(frozen=True)
class Verb:
    """A public function. `name`: from idp.admin on, such as people.unlock."""

    name: str
    changes: bool
    takes_actor: bool
    asks: bool


class Module:
    """One file, parsed. `names`: what each name of it stands for, as a dotted path."""

    def __init__(self, name: str, source: str) -> None:
        self.name = name
        tree = ast.parse(source)
        self.functions = {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef)}
        self.names: dict[str, str] = {}
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom) and node.module:
                self.names |= {one.asname or one.name: f"{node.module}.{one.name}" for one in node.names}

    def path(self, parts: list[str]) -> str:
        """What a dotted name of this file stands for."""
        return ".".join([self.names.get(parts[0], parts[0]), *parts[1:]]) if parts else ""

    def public(self) -> Iterator[str]:
        return (name for name in self.functions if not name.startswith("_"))


class Code:
    """Modules that know of each other."""

    def __init__(self, modules: Mapping[str, str]) -> None:
        self.modules = {name: Module(name, source) for name, source in modules.items()}

    def verbs(self) -> Iterator[Verb]:
        for module in self.modules.values():
            for name in module.public():
                node = module.functions[name]
                arguments = [one.arg for one in (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs)]
                yield Verb(
                    f"{module.name.removeprefix('idp.admin.')}.{name}", self.changes(module, name, frozenset()),
                    "actor" in arguments, self.asks(module, name, frozenset()),
                )  # fmt: skip

    def changes(self, module: Module, name: str, seen: frozenset[str]) -> bool:
        node, seen = module.functions[name], seen | {f"{module.name}.{name}"}
        arguments = {one.arg for one in (*node.args.args, *node.args.kwonlyargs)}
        return "record" in arguments or any(self._writes(module, call, seen) for call in _calls(node))

    def _writes(self, module: Module, call: ast.Call, seen: frozenset[str]) -> bool:
        if any(one.arg == "record" for one in call.keywords):
            return True
        parts = _dotted(call.func)
        if parts[-1:] in (["transaction"], ["record"]) or parts[-2:] in (["db", "run"], ["tx", "run"]):
            return True
        if len(parts) > 2 and parts[-2] in PARTS and parts[-3] in ("services", "within"):
            return _tells_apart(getattr(PARTS[parts[-2]], parts[-1], None))
        if len(parts) > 2 and parts[-2] in RINGS and parts[-3] in ("services", "within"):
            return parts[-1] not in READS
        found = self._named(module, parts)
        if found is None:
            return _tells_apart(_object(module.path(parts)))
        return f"{found[0].name}.{found[1]}" not in seen and self.changes(*found, seen)

    def asks(self, module: Module, name: str, seen: frozenset[str]) -> bool:
        """Whether a function checks a permission of its actor, itself or by a function that it hands the actor to."""
        seen = seen | {f"{module.name}.{name}"}
        for call in _calls(module.functions[name]):
            parts = _dotted(call.func)
            if parts == ["NotAllowed"] or (
                parts[:1] == ["actor"] and parts[-1] in ("check", "check_app", "check_person")
            ):
                return True
            handed = [*call.args, *(one.value for one in call.keywords)]
            found = self._named(module, parts)
            if found is None or not any(isinstance(one, ast.Name) and one.id == "actor" for one in handed):
                continue
            if f"{found[0].name}.{found[1]}" not in seen and self.asks(*found, seen):
                return True
        return False

    def _named(self, module: Module, parts: list[str]) -> tuple[Module, str] | None:
        """The function of these modules that a call names."""
        if len(parts) == 1 and parts[0] in module.functions:
            return module, parts[0]
        if not parts:
            return None
        place, _, name = module.path(parts).rpartition(".")
        there = self.modules.get(place)
        return (there, name) if there is not None and name in there.functions else None


def _calls(node: ast.AST) -> Iterator[ast.Call]:
    return (one for one in ast.walk(node) if isinstance(one, ast.Call))


def _dotted(node: ast.expr) -> list[str]:
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.insert(0, node.attr)
        node = node.value
    return [node.id, *parts] if isinstance(node, ast.Name) else []


@cache
def _object(path: str) -> Any:
    place, _, name = path.rpartition(".")
    if not place.startswith(("idp.", "clients.", "keys.")):
        return None
    try:
        return getattr(importlib.import_module(place), name, None)
    except ImportError:
        return None


def _tells_apart(called: Any) -> bool:
    if not inspect.isroutine(called):
        return False
    return not NAMES_A_CHANGE.isdisjoint(inspect.signature(called).parameters)


def of_admin() -> Code:
    """All of idp/admin."""
    root = ADMIN.parents[1]
    files = {".".join(file.relative_to(root).with_suffix("").parts): file for file in sorted(ADMIN.rglob("*.py"))}
    return Code({name.removesuffix(".__init__"): file.read_text() for name, file in files.items()})
