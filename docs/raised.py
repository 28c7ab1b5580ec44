"""Which kinds of the catalogue the code raises and finds, read from its syntax tree; and what has none.

A refusal is a call of `OAuthError`, `SamlError` or `Untrusted`, of `Refused` or of the API's `Problem`; a finding one
of `Finding` in the answers. Its kind is the argument `kind`, else its code. A function that has a parameter of that
name and hands it on is asked where it is called.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parent.parent
#: What is looked at, and where it comes from: the name of the argument that is its kind, and its place.
RAISED: Final = {
    ("idp.errors", "OAuthError"): ("kind", None),
    ("idp.errors", "SamlError"): ("kind", None),
    ("idp.errors", "Refused"): ("code", 0),
    ("idp.oidc.destination", "Untrusted"): ("code", 0),
    ("idp.api.problems", "Problem"): ("kind", 0),
    ("idp.answers.finding", "Finding"): ("code", 0),
    ("idp.oidc.certificates.arriving", "absent"): ("kind", 0),
    ("idp.mail.refusals", "_Row"): ("code", 0),
    ("idp.scim.door", "_Shown"): ("kind", 0),
    ("idp.mail.refusals", "Refusal"): ("code", 0),
}
#: Values that hand on a kind which was given where they were made.
_HANDED_ON: Final = ("kind", "code", "refused_as")
#: Kinds that the code names in another way: in a table of a module, or on its own.
TABLES: Final = (("idp/login/steps/__init__.py", "_DENIED"), ("idp/installation/checks/findings.py", "PAGES"))
ELSEWHERE: Final = {
    "logout_not_delivered": "idp/audit/told.py", "ciba_not_delivered": "idp/audit/told.py",
    "signal_not_delivered": "idp/audit/told.py",
    "sign_in_failed": "idp/login/steps/__init__.py",
    **dict.fromkeys(("authenticator_clock", "authenticator_code", "authenticator_used"),
                    "idp/login/authenticators/totp.py"),
    "passkey_refused": "idp/login/authenticators/passkeys.py",
    **dict.fromkeys(("trusted_proxies", "other_address", "host_rewritten", "proxy_untrusted", "proxy_silent",
                     "proxy_behind", "proxy_unreadable"), "idp/arrivals.py"),
}  # fmt: skip


@dataclass(frozen=True)
class Call:
    """One place: the kinds that it may have, or why they cannot be read."""

    file: str
    line: int
    what: str
    kinds: frozenset[str]
    problem: str = ""


@dataclass
class _Module:
    name: str
    file: str
    tree: ast.Module
    imported: dict[str, tuple[str, str]] = field(default_factory=dict)  # here: (module, name there)
    tables: dict[str, frozenset[str]] = field(default_factory=dict)
    calls: list[tuple[ast.Call, ast.FunctionDef | None, tuple[str, str]]] = field(default_factory=list)


@cache
def calls() -> list[Call]:
    """Every place that refuses or finds something."""
    texts = {file: file.read_text("utf-8") for file in sorted((ROOT / "idp").rglob("*.py"))}
    modules: dict[Path, _Module] = {}
    known: dict[tuple[str, str], tuple[str, int | None]] = dict(RAISED)
    while True:
        found, more = [], dict(known)
        said = re.compile("|".join(rf"\b{name}\(" for _, name in known))
        for file, text in texts.items():
            if file not in modules and not said.search(text):
                continue  # most modules refuse nothing, and to read one takes its time
            module = modules.setdefault(file, modules.get(file) or _read(file))
            for call, function, target in module.calls:
                if target in known:
                    found.append(_of(module, call, function, target, known, more))
        if len(more) == len(known):
            return [one for one in found if one is not None]
        known = more


def of_tables() -> frozenset[str]:
    """The kinds that stand in `TABLES`, and `ELSEWHERE`."""
    found = (_read(ROOT / file).tables[name] for file, name in TABLES)
    return frozenset(ELSEWHERE).union(*found)


def _read(file: Path) -> _Module:
    name = ".".join(file.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
    module = _Module(name, str(file.relative_to(ROOT)), ast.parse(file.read_text("utf-8")))
    package = name if file.stem == "__init__" else name.rpartition(".")[0]
    for node in ast.walk(module.tree):
        if isinstance(node, ast.ImportFrom):
            source = node.module or ""
            if node.level:
                source = ".".join([*package.split(".")[: len(package.split(".")) - node.level + 1], source]).strip(".")
            module.imported |= {one.asname or one.name: (source, one.name) for one in node.names}
    for node in module.tree.body:
        target = (
            node.target if isinstance(node, ast.AnnAssign) else node.targets[0] if isinstance(node, ast.Assign) else 0
        )
        if isinstance(target, ast.Name) and isinstance(node.value, ast.Dict):  # type: ignore[union-attr]
            module.tables[target.id] = frozenset(_texts(node.value.values))  # type: ignore[union-attr]
    module.calls = [
        (call, function, target)
        for call, function in _walk(module.tree, None)
        if (target := _target(module, call)) is not None
    ]
    return module


def _texts(nodes: list[ast.expr]) -> Iterator[str]:
    for node in nodes:
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


def _walk(node: ast.AST, function: ast.FunctionDef | None) -> Iterator[tuple[ast.Call, ast.FunctionDef | None]]:
    waiting = [(node, function)]
    while waiting:
        node, function = waiting.pop()
        if isinstance(node, ast.Call):
            yield node, function
        within = node if isinstance(node, ast.FunctionDef) else function
        waiting += [(child, within) for child in ast.iter_child_nodes(node)]


def _target(module: _Module, call: ast.Call) -> tuple[str, str] | None:
    """What is called: the module it comes from, and its name there."""
    if isinstance(call.func, ast.Name):
        return module.imported.get(call.func.id, (module.name, call.func.id))
    if isinstance(call.func, ast.Attribute) and isinstance(call.func.value, ast.Name):
        source, name = module.imported.get(call.func.value.id, ("", ""))
        return (f"{source}.{name}", call.func.attr) if source else None
    return None


def _of(
    module: _Module, call: ast.Call, function: ast.FunctionDef | None, target: tuple[str, str],
    known: dict[tuple[str, str], tuple[str, int | None]], more: dict[tuple[str, str], tuple[str, int | None]],
) -> Call | None:  # fmt: skip
    name, place = known[target]
    given = {one.arg: one.value for one in call.keywords}
    if None in given and "kind" not in given:
        return None  # `Finding(**kept)`: read back, not found anew
    node = (
        given.get("kind")
        or given.get(name)
        or (call.args[place] if place is not None and place < len(call.args) else None)
    )
    prefix = "api_" if _is_of_the_api(target, known) else ""
    at = (module.file, call.lineno, target[1])
    if node is None:
        return Call(*at, frozenset(), f"has no {name}")
    handed = isinstance(node, ast.Name) and function is not None and _parameter(function, node.id)
    if handed:
        more[module.name, function.name] = handed  # type: ignore[union-attr]
        if prefix:
            _OF_THE_API.add((module.name, function.name))  # type: ignore[union-attr]
        return None
    kinds = _kinds(module, node)
    if kinds is None:
        return Call(*at, frozenset(), f"{name} is {ast.unparse(node)}, which nobody can read: give kind=")
    return Call(*at, frozenset(prefix + one.replace("-", "_") if prefix else one for one in kinds))


_OF_THE_API: Final = {("idp.api.problems", "Problem")}


def _is_of_the_api(target: tuple[str, str], known: object) -> bool:
    return target in _OF_THE_API


def _parameter(function: ast.FunctionDef, name: str) -> tuple[str, int | None] | None:
    """The parameter of this name, and its place; None where it has none."""
    for place, one in enumerate(function.args.args):
        if one.arg == name:
            return name, place
    return (name, None) if any(one.arg == name for one in function.args.kwonlyargs) else None


def _kinds(module: _Module, node: ast.expr) -> frozenset[str] | None:
    """The kinds that an expression may be; none where it hands on one from elsewhere, None where it is unclear."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return frozenset({node.value})
    if isinstance(node, ast.Attribute) and node.attr in _HANDED_ON:
        return frozenset()
    if isinstance(node, ast.IfExp):
        return _both(module, [node.body, node.orelse])
    if isinstance(node, ast.BoolOp):
        return _both(module, node.values)
    if isinstance(node, ast.Call) and ast.unparse(node) == "str(detail.get('kind') or code)":
        return frozenset()  # what was recorded
    if isinstance(node, ast.Name) and (value := _assigned(module, node)) is not None:
        return _kinds(module, value)
    called = node.func if isinstance(node, ast.Call) else None
    if isinstance(called, ast.Attribute) and called.attr == "get" and isinstance(called.value, ast.Name):
        table = module.tables.get(called.value.id)
        if table is not None and isinstance(node, ast.Call):
            return table | frozenset(_texts(node.args[1:]))
    return None


def _both(module: _Module, nodes: list[ast.expr]) -> frozenset[str] | None:
    parts = [_kinds(module, one) for one in nodes]
    return None if None in parts else frozenset().union(*(one for one in parts if one is not None))


def _assigned(module: _Module, name: ast.Name) -> ast.expr | None:
    """What a name of a function was set to, where that happens once: `code = "a" if ... else "b"`."""
    found = [
        node.value
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Assign)
        and any(isinstance(target, ast.Name) and target.id == name.id for target in node.targets)
    ]
    return found[0] if len(found) == 1 else None


if __name__ == "__main__":
    for one in calls():
        print(one.file, one.line, one.what, *sorted(one.kinds), one.problem)
