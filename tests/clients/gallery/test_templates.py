"""Each product of the gallery is registered and held to the rules that everything registered is held to (R2)."""

from __future__ import annotations

import configparser
import json
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

import pytest

from clients import rules, store
from clients.gallery import shelf
from clients.gallery.answers import check
from clients.gallery.filling import Filled, fill
from clients.gallery.patterns import names_of
from clients.gallery.places import patterns
from clients.gallery.template import Snippet, Template
from clients.registry import RESTORABLE, Draft, Registered, Registry
from clients.service_provider import HTTP_POST, HTTP_REDIRECT
from idp.db import Database
from idp.saml.assertions.attribute_catalogue import PRESETS
from idp.saml.assertions.attribute_sources import _usual
from tests.backends import Clock, create_tables
from tests.clients.gallery.shelves import OURS

TEMPLATES = shelf.everything()
SPOKEN = [(one, protocol) for one in TEMPLATES for protocol in one.protocols]
POSSIBLE = [(one, protocol) for one, protocol in SPOKEN if not one.connection(protocol).cannot]  # type: ignore[union-attr]

#: What would end a line, a text or a command, or begin a place, in a file of the product.
HOSTILE = (
    "\n", "\r\nX", "a\nb", " x", "\t", "\x00", "\u2028", "{client_secret}", "}", "{{x}}", '"', "'", "`id`", "$(id)",
    "${x}", "\\", "<x>", "&lt;>", ";id", "|id", "#x", '"]', "''", "*", "^", "(x)", "!x", "\u202e", "ü",
)  # fmt: skip

#: Legal answers of every kind, as odd as they may be.
NASTY = {
    "address": "https://x-1.example.com:8443/a_b/~c-d/%20e/",
    "origin": "https://[2001:db8::1]:8443",
    "host": "xn--bcher-kva.example",
    "url": "https://x.example/a/b/?c=d&e=%2Ff&g=https://h.example:1/+,i@j"[:-2],
    "entity": "urn:x:y?z=1&a=b",
    "label": "a-1-b",
    "name": "A.b~c_d-e",
    "number": "00000000000000000001",
}


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Registry]:
    """One registry for all templates of this file."""
    url = f"sqlite:///{tmp_path_factory.mktemp('gallery')}/doorward.db"
    create_tables(url, store.metadata)
    database, clock = Database(url), Clock()
    yield Registry(database, clock)
    database.close()


def forget(registry: Registry, client_id: str) -> None:
    """As though it had never been: an entity ID is free again only when nobody can restore its owner any more."""
    registry.remove(client_id)
    clock = registry._clock
    assert isinstance(clock, Clock)
    clock.advance(RESTORABLE + 1)
    registry.sweep()


def register(registry: Registry, made: Filled) -> Registered:
    name = f"{made.template.name} ({made.protocol})"
    if made.service_provider is None:
        unfinished = bool(made.missing)
        return registry.register(Draft(name=name, profile=made.profile, metadata=made.metadata, unfinished=unfinished))
    provider = made.service_provider
    bindings = {"post": HTTP_POST, "redirect": HTTP_REDIRECT}
    facts = {
        "entity_id": provider.entity_id,
        "acs": [{"index": at, "binding": HTTP_POST, "location": one} for at, one in enumerate(provider.acs)],
        "slo": [{"binding": bindings[one.binding], "location": one.location} for one in provider.logout],
    }
    return registry.register(Draft(name=name, kind="saml", metadata={**made.metadata, "sp_metadata": facts}))


def named(pair: object) -> str:
    return pair.id if isinstance(pair, Template) else str(pair)


@pytest.mark.parametrize(("template", "protocol"), POSSIBLE, ids=named)
def test_r2_each_product_is_registered(registry: Registry, template: Template, protocol: str) -> None:
    made = fill(template, {}, OURS, protocol=protocol, preview=True)
    client = register(registry, made).client
    assert client.enabled
    if client.saml is None:
        assert sorted(client.oidc.redirect_uris) == sorted(made.metadata["redirect_uris"])
        assert client.profile == made.profile
    else:
        assert [a.location for a in client.saml.acs] == list(made.service_provider.acs)  # type: ignore[union-attr]
    forget(registry, client.id)


@pytest.mark.parametrize(("template", "protocol"), POSSIBLE, ids=named)
def test_r2_each_pattern_holds_with_legal_answers_that_are_odd(
    registry: Registry, template: Template, protocol: str
) -> None:
    given = {q.id: q.choices[-1] if q.choices else NASTY[q.kind] for q in template.questions}
    made = fill(template, given, OURS, protocol=protocol)
    client = register(registry, made).client
    plain = fill(template, {}, OURS, protocol=protocol, preview=True)
    assert len(made.env) == len(plain.env)
    assert len(made.metadata.get("redirect_uris", ())) == len(plain.metadata.get("redirect_uris", ()))
    assert not any("\n" in text for text in (*made.env, *made.steps))
    texts = [*made.env, *made.steps, *(f.value for f in made.fields), *([made.snippet.text] if made.snippet else [])]
    known = {*(q.id for q in template.questions), *OURS.values()}
    assert not names_of(texts) & known, "a place that was not filled"
    if made.snippet is not None:
        assert plain.snippet is not None
        assert len(made.snippet.text.splitlines()) == len(plain.snippet.text.splitlines())
    forget(registry, client.id)


@pytest.mark.parametrize(("template", "protocol"), POSSIBLE, ids=named)
def test_r2_each_snippet_is_of_its_language(template: Template, protocol: str) -> None:
    given = {q.id: q.choices[-1] if q.choices else NASTY[q.kind] for q in template.questions}
    for made in (
        fill(template, given, OURS, protocol=protocol),
        fill(template, {}, OURS, protocol=protocol, preview=True),
    ):
        if made.snippet is not None:
            check_snippet(made.snippet)
        for line in made.env:
            key, equals, _ = line.partition("=")
            assert equals, line
            assert key.replace("_", "").replace(".", "").replace("-", "").isalnum(), line


def check_snippet(snippet: Snippet) -> None:
    """As a program of that language reads it, where one is at hand."""
    match snippet.language:
        case "json":
            json.loads(snippet.text)
        case "toml":
            tomllib.loads(snippet.text)
        case "xml":
            ElementTree.fromstring(f"<all>{snippet.text}</all>")
        case "ini":
            parser = configparser.ConfigParser(interpolation=None, strict=True)
            parser.read_string(snippet.text)
        case "python":
            compile(snippet.text, snippet.file, "exec")
        case _:
            assert snippet.text.count('"') % 2 == 0, snippet.text


@pytest.mark.parametrize(
    "template", [one for one in TEMPLATES if any(question.later for question in one.questions)], ids=named
)
def test_r2_what_is_known_later_can_be_left_open(registry: Registry, template: Template) -> None:
    given = {q.id: q.example for q in template.questions if not q.later}
    for protocol in template.protocols:
        made = fill(template, given, OURS, protocol=protocol)
        assert made.missing
        if protocol == "oidc":
            client = register(registry, made).client
            assert not client.enabled
            forget(registry, client.id)


@pytest.mark.parametrize("name", ["guacamole", "odoo"])
def test_r2_S8_what_knows_the_implicit_flow_alone_is_registered_for_it_and_named_legacy(name: str) -> None:
    template = next(one for one in TEMPLATES if one.id == name)
    connection = template.oidc
    assert connection is not None
    assert not connection.cannot
    assert connection.traps
    said = {**connection.metadata, "client_name": "x", "redirect_uris": ["https://x.example/"]}
    assert any(
        "legacy" in one for one in rules.find_warnings(connection.profile, rules.validate(connection.profile, said))
    )
    assert template.protocols[-1] == "oidc"  # SAML first, where there is one


@pytest.mark.parametrize("template", [one for one in TEMPLATES if one.questions], ids=named)
def test_r2_no_question_takes_an_answer_that_breaks_out_of_its_place(template: Template) -> None:
    for question in template.questions:
        for answer in HOSTILE:
            with pytest.raises(ValueError, match=re.escape(f"{question.label}: ")):
                check(question, f"{question.example}{answer}x")


@pytest.mark.parametrize("template", TEMPLATES, ids=named)
def test_r2_each_product_says_what_it_reads_and_where_the_facts_are_from(template: Template) -> None:
    assert len(template.source) > 20
    assert template.questions or not any(
        names_of(texts) for c in (template.oidc, template.saml) if c for _, texts, ours in patterns(c) if not ours
    )
    for connection in (template.oidc, template.saml):
        if connection is not None and not connection.cannot:
            assert connection.reads
            assert connection.fields or connection.env or connection.snippet, "nothing to paste"


@pytest.mark.parametrize("template", [one for one in TEMPLATES if one.saml], ids=named)
def test_r2_attributes_are_made_of_what_a_person_has(template: Template) -> None:
    assert template.saml is not None
    released = template.saml.settings.get("attributes", "default")
    sources = [*released.values()] if isinstance(released, dict) else []
    for name in sources:
        source = name.get("source") if isinstance(name, dict) else name
        assert source is None or source in _usual() or source in PRESETS, source


def test_r2_the_ids_are_the_names_of_the_files() -> None:
    assert {one.id for one in TEMPLATES} == {path.stem for path in Path(shelf.FOLDER).glob("*.toml")}
    assert len({one.name.casefold() for one in TEMPLATES}) == len(TEMPLATES), "two have one name"
