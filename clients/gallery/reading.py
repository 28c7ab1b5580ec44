"""Reads a template strictly: what is unknown, missing or of the wrong kind is an error that names file and key."""

from __future__ import annotations

import re
import tomllib
from datetime import date
from pathlib import Path
from typing import Any, TypeVar

from clients import metadata, saml_fields
from clients.gallery import answers, places
from clients.gallery.patterns import names_of
from clients.gallery.tables import BadTemplate, Table
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
    Tried,
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
    table = Table(file, "", given)
    made = _template(table, file.removesuffix(".toml"), " ".join(source[1].replace("\n# ", "\n").split()))
    table.done()
    _check_places(table, made)
    return made


def _template(table: Table, template_id: str, source: str) -> Template:
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
        tried=_tried(table.table("tried")),
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


def _tried(table: Table | None) -> Tried | None:
    if table is None:
        return None
    version, on = table.text("version"), table.text("on")
    table.done()
    try:
        return Tried(version, date.fromisoformat(on))
    except ValueError:
        raise table.wrong("on", "expected a day as text, such as 2026-11-29") from None


def _question(table: Table) -> Question:
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


def _common(table: Table) -> dict[str, Any]:
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


def _oidc(table: Table | None) -> OidcConnection | None:
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


def _saml(table: Table | None) -> SamlConnection | None:
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


def _checked(table: Table, made: _Made) -> _Made:
    table.done()
    if not made.cannot and not made.steps:
        raise table.wrong("steps", "is missing: what to do there")
    return made


def _field(table: Table) -> Field:
    made = Field(table.text("label"), table.text("value"))
    table.done()
    return made


def _snippet(table: Table | None) -> Snippet | None:
    if table is None:
        return None
    made = Snippet(table.text("file"), table.one_of("language", LANGUAGES), table.text("text", lines=True))
    table.done()
    return made


# -- what stands in which pattern ------------------------------------------------------------------------------------


def _check_places(table: Table, template: Template) -> None:
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
        _check_safe(table, name, connection)
    if idle := sorted(asked - used):
        raise table.wrong("questions", f"{idle[0]} is asked and used nowhere")


def _check_safe(table: Table, name: str, connection: Connection) -> None:
    """A secret is shown for who has one only; in a file of lines, nothing stands that may have a line break."""
    named = names_of(text for _, texts, _ in places.patterns(connection) for text in texts)
    if isinstance(connection, OidcConnection) and PROFILES[connection.profile].public and "client_secret" in named:
        raise table.wrong(name, "a public application has no secret")
    if "certificate" in names_of(connection.env):
        raise table.wrong(f"{name}.env", "a certificate has several lines; use {certificate_line}")
