"""Reads a template strictly: what is unknown, missing or of the wrong kind is an error that names file and key."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, TypeVar

from clients import metadata, saml_fields
from clients.gallery import answers, places
from clients.gallery.patterns import names_of
from clients.gallery.template import (
    CATEGORIES,
    SURENESS,
    Connection,
    Field,
    Logout,
    OidcConnection,
    Question,
    SamlConnection,
    Snippet,
    Template,
)
from clients.profiles import PROFILES

MAX_QUESTIONS = 3  # R1: an application is added by at most three answers
ID = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
LANGUAGES = (
    "yaml", "json", "toml", "ini", "properties", "xml", "php", "python", "ruby", "javascript", "hcl", "shell", "apache",
    "nginx",
)  # fmt: skip
_Made = TypeVar("_Made", OidcConnection, SamlConnection)
_SOURCE = re.compile(r"# Source: (\S.*(?:\n# .*)*)")
_QUESTION_ID = re.compile(r"[a-z][a-z0-9_]{0,30}")


class BadTemplate(ValueError):
    """A template cannot be used; the text names the file, the key and what is expected."""


class _Table:
    """One table of the file, its keys taken one by one; what is left over is unknown."""

    def __init__(self, file: str, path: str, given: Any) -> None:
        self.file, self.path = file, path
        if not isinstance(given, dict):
            raise self.wrong("", "expected a table")
        self._left = dict(given)

    def wrong(self, key: str, why: str) -> BadTemplate:
        where = ".".join(part for part in (self.path, key) if part)
        return BadTemplate(f"{self.file}: {where}: {why}" if where else f"{self.file}: {why}")

    def text(self, key: str, default: str | None = None, *, lines: bool = False) -> str:
        value = self._left.pop(key, default)
        if value is None:
            raise self.wrong(key, "is missing")
        if not isinstance(value, str) or (not value.strip() and value != default):
            raise self.wrong(key, "expected a text")
        if not all(c.isprintable() or (lines and c == "\n") for c in value):
            raise self.wrong(key, "has a control character or a line break")
        return value.rstrip("\n") if lines else value

    def one_of(self, key: str, allowed: Any, default: str | None = None) -> str:
        value = self.text(key, default)
        if value not in allowed:
            raise self.wrong(key, f"{value} is unknown; expected one of {', '.join(allowed)}")
        return value

    def flag(self, key: str) -> bool:
        value = self._left.pop(key, False)
        if not isinstance(value, bool):
            raise self.wrong(key, "expected true or false")
        return value

    def texts(self, key: str, *, needed: bool = False) -> tuple[str, ...]:
        value = self._left.pop(key, [])
        if not isinstance(value, list) or not all(isinstance(one, str) and one.strip() for one in value):
            raise self.wrong(key, "expected a list of texts")
        if not all(c.isprintable() for one in value for c in one):
            raise self.wrong(key, "has a control character or a line break")
        if needed and not value:
            raise self.wrong(key, "is missing")
        return tuple(value)

    def tables(self, key: str) -> Iterator[_Table]:
        value = self._left.pop(key, [])
        if not isinstance(value, list):
            raise self.wrong(key, "expected tables")
        for number, one in enumerate(value, 1):
            yield _Table(self.file, f"{self.path}.{key} {number}".lstrip("."), one)

    def table(self, key: str) -> _Table | None:
        value = self._left.pop(key, None)
        return None if value is None else _Table(self.file, f"{self.path}.{key}".lstrip("."), value)

    def settings(self, key: str, fields: Mapping[str, Any], apart: tuple[str, ...]) -> dict[str, Any]:
        value = self._left.pop(key, {})
        if not isinstance(value, dict):
            raise self.wrong(key, "expected a table")
        if there := [one for one in value if one in apart]:
            raise self.wrong(key, f"{there[0]} has a key of its own beside it")
        valid, problems = metadata.check_values(value, fields, allow_loopback=False)
        if problems:
            raise self.wrong(f"{key}.{problems[0].field}", problems[0].message)
        return valid

    def done(self) -> None:
        if self._left:
            raise self.wrong(next(iter(self._left)), "is an unknown key")


def read(path: Path) -> Template:
    """The template in a file, whose name is its id. Errors: `BadTemplate`, those of reading a file."""
    return parse(path.name, path.read_text("utf-8"))


def parse(file: str, text: str) -> Template:
    """The template in a text. Errors: `BadTemplate`."""
    try:
        given = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise BadTemplate(f"{file}: {error}") from None
    source = _SOURCE.match(text)
    if source is None:
        raise BadTemplate(f"{file}: begins with no '# Source: …', where the facts are from")
    table = _Table(file, "", given)
    made = _template(table, file.removesuffix(".toml"), " ".join(source[1].replace("\n# ", "\n").split()))
    table.done()
    _check_places(table, made)
    return made


def _template(table: _Table, template_id: str, source: str) -> Template:
    if not ID.fullmatch(template_id):
        raise table.wrong("", "the file's name is the id: lower-case letters, digits, hyphens")
    made = Template(
        id=template_id,
        source=source,
        name=table.text("name"),
        vendor=table.text("vendor"),
        category=table.one_of("category", CATEGORIES),
        sure=table.one_of("sure", SURENESS),
        doubt=table.text("doubt", ""),
        words=table.texts("words"),
        questions=tuple(_question(one) for one in table.tables("questions")),
        people_first=table.text("people_first", ""),
        traps=table.texts("traps"),
        back_in=table.text("back_in", ""),
        oidc=_oidc(table.table("oidc")),
        saml=_saml(table.table("saml")),
    )
    if not made.vendor.startswith("https://"):
        raise table.wrong("vendor", "expected the https address of the product's own page about it")
    if made.sure == "unsure" and not made.doubt:
        raise table.wrong("doubt", "is missing: what is unsure")
    if len(made.questions) > MAX_QUESTIONS:
        raise table.wrong("questions", f"at most {MAX_QUESTIONS} are asked")
    if not made.protocols:
        raise table.wrong("", "speaks neither oidc nor saml")
    return made


def _question(table: _Table) -> Question:
    made = Question(
        table.text("id"),
        table.text("label"),
        table.one_of("kind", answers.KINDS),
        table.text("example"),
        table.text("why"),
        table.texts("choices"),
        table.flag("later"),
    )
    table.done()
    if not _QUESTION_ID.fullmatch(made.id) or made.id in places.ALL:
        raise table.wrong("id", f"{made.id} is taken, or no word of lower-case letters")
    if bool(made.choices) is not (made.kind == "choice"):
        raise table.wrong("choices", "go with the kind choice, and only with it")
    try:
        answers.check(made, made.example)
    except ValueError as error:
        raise table.wrong("example", str(error)) from None
    return made


def _common(table: _Table) -> dict[str, Any]:
    return {
        "reads": table.texts("reads"),
        "steps": table.texts("steps"),
        "fields": tuple(_field(one) for one in table.tables("fields")),
        "env": table.texts("env"),
        "snippet": _snippet(table.table("snippet")),
        "traps": table.texts("traps"),
        "cannot": table.text("cannot", ""),
        "launch_url": table.text("launch_url", ""),
    }


def _oidc(table: _Table | None) -> OidcConnection | None:
    if table is None:
        return None
    made = OidcConnection(
        **_common(table),
        profile=table.one_of("profile", PROFILES),
        redirect_uris=table.texts("redirect_uris", needed=True),
        post_logout_redirect_uris=table.texts("post_logout_redirect_uris"),
        backchannel_logout_uri=table.text("backchannel_logout_uri", ""),
        initiate_login_uri=table.text("initiate_login_uri", ""),
        metadata=table.settings("metadata", metadata.FIELDS, _OWN_KEYS),
    )
    return _checked(table, made)


_OWN_KEYS = (
    "client_name", "redirect_uris", "post_logout_redirect_uris", "backchannel_logout_uri", "initiate_login_uri",
    "launch_url",
)  # fmt: skip


def _saml(table: _Table | None) -> SamlConnection | None:
    if table is None:
        return None
    logouts = []
    for one in table.tables("logout"):
        logouts.append(Logout(one.one_of("binding", ("post", "redirect")), one.text("location")))
        one.done()
    made = SamlConnection(
        **_common(table),
        entity_id=table.text("entity_id"),
        acs=table.texts("acs", needed=True),
        logout=tuple(logouts),
        metadata_url=table.text("metadata_url", ""),
        settings=table.settings("settings", saml_fields.SETTINGS, ("launch_url",)),
    )
    return _checked(table, made)


def _checked(table: _Table, made: _Made) -> _Made:
    table.done()
    if not made.cannot and not made.steps:
        raise table.wrong("steps", "is missing: what to do there")
    return made


def _field(table: _Table) -> Field:
    made = Field(table.text("label"), table.text("value"))
    table.done()
    return made


def _snippet(table: _Table | None) -> Snippet | None:
    if table is None:
        return None
    made = Snippet(table.text("file"), table.one_of("language", LANGUAGES), table.text("text", lines=True))
    table.done()
    return made


# -- what stands in which pattern ------------------------------------------------------------------------------------


def _check_places(table: _Table, template: Template) -> None:
    asked = {question.id for question in template.questions}
    used: set[str] = set()
    for name, connection in (("oidc", template.oidc), ("saml", template.saml)):
        if connection is None:
            continue
        for key, texts, ours in places.patterns(connection):
            known = asked | (places.of(name) if ours else set())
            if unknown := sorted(names_of(texts) - known):
                raise table.wrong(f"{name}.{key}", f"{{{unknown[0]}}} is neither a question nor a value of ours")
            used |= names_of(texts)
        _check_safe(table, template, name, connection)
    if idle := sorted(asked - used):
        raise table.wrong("questions", f"{idle[0]} is asked and used nowhere")


def _check_safe(table: _Table, template: Template, name: str, connection: Connection) -> None:
    """A secret is shown for who has one only; in a file of lines, nothing stands that may have a line break."""
    public = isinstance(connection, OidcConnection) and PROFILES[connection.profile].public
    rules: tuple[tuple[bool, str, Callable[[str], bool]], ...] = (
        (public, "a public application has no secret", lambda place: place == "client_secret"),
    )
    for holds, why, is_wrong in rules:
        texts = [text for _, of_key, _ in places.patterns(connection) for text in of_key]
        if holds and any(map(is_wrong, names_of(texts))):
            raise table.wrong(name, why)
    if "certificate" in names_of(connection.env):
        raise table.wrong(f"{name}.env", "a certificate has several lines; use {certificate_line}")
