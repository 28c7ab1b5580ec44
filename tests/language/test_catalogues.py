"""The catalogues: complete, in step with the code, and with the same placeholders as the English text (A6)."""

from __future__ import annotations

import re
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import get_args

import jinja2
import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.frontend import parse_mapping_cfg
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

from idp.config import Brand
from idp.texts import FOLDER, LANGUAGES

ROOT = Path(__file__).parents[2]
TRANSLATED = [tag for tag in LANGUAGES if tag != "en"]
KEYWORDS = {"_": None, "gettext": None, "ngettext": (1, 2), "N_": None, "plural": (1, 2)}
_PLACEHOLDER = re.compile(r"%\(\w+\)[sd]|%%|\{\w+\}")
_TAG = re.compile(r"<[^>]*>")


@cache
def extracted() -> dict[str, tuple[str, ...]]:
    """Every text that the code shows, with its plural form where it has one: msgid to (one, many)."""
    with (FOLDER / "babel.cfg").open() as file:
        methods, options = parse_mapping_cfg(file)
    found: dict[str, tuple[str, ...]] = {}
    for _, _, text, _, _ in extract_from_dir(ROOT, methods, options, keywords=KEYWORDS):
        forms = text if isinstance(text, tuple) else (text,)
        assert len(found.setdefault(forms[0], forms)) == len(forms), f"{forms[0]!r} with a plural and without"
    return found


@cache
def catalogue(tag: str) -> Catalog:
    """What is translated into a language."""
    with (folder(tag) / "messages.po").open("rb") as file:
        return read_po(file, locale=tag.replace("-", "_"), abort_invalid=True)


def folder(tag: str) -> Path:
    return FOLDER / tag.replace("-", "_") / "LC_MESSAGES"


def forms(message: Message) -> tuple[str, ...]:
    return tuple(message.string) if isinstance(message.string, (list, tuple)) else (message.string,)


def ids(message: Message) -> tuple[str, ...]:
    return tuple(message.id) if isinstance(message.id, (list, tuple)) else (message.id,)


def test_A6_the_texts_of_pages_python_and_mails_are_extracted() -> None:
    found = extracted()
    shown = ("Sign in", "The name or the password is not right.", "Your e-mail address", "Hello,")
    for text in shown:
        assert text in found
    assert found["Stay signed in for %(n)s day"][1] == "Stay signed in for %(n)s days"
    assert len(found) > 300


@pytest.mark.parametrize("tag", TRANSLATED)
def test_A6_every_text_is_translated_and_none_is_left_over(tag: str) -> None:
    known = {ids(message)[0]: message for message in catalogue(tag) if message.id}
    missing = [text for text in extracted() if text not in known or not all(forms(known[text]))]
    assert not missing, f"run `make catalogues` and translate these into {tag}"
    assert not set(known) - set(extracted()), "run `make catalogues`: the code does not have these any more"
    assert not [text for text, message in known.items() if message.fuzzy]
    assert not catalogue(tag).obsolete


@pytest.mark.parametrize("tag", TRANSLATED)
def test_A6_a_translation_has_the_placeholders_and_the_markup_of_the_text(tag: str) -> None:
    wrong = []
    for message in catalogue(tag):
        if not message.id or not all(forms(message)):
            continue
        one, many = ids(message)[0], ids(message)[-1]
        for form in forms(message):
            may = {*_PLACEHOLDER.findall(one), *_PLACEHOLDER.findall(many)}
            # The form for one may name the number in words, in the text as in a translation.
            must = {*_PLACEHOLDER.findall(one)} & {*_PLACEHOLDER.findall(many)} - {"%(n)s", "%(num)d", "%(num)s"}
            has = {*_PLACEHOLDER.findall(form)}
            same_markup = sorted(_TAG.findall(form)) == sorted(_TAG.findall(one))
            if one == many:
                must = may
            if not must <= has <= may or not same_markup or "\n" in form:
                wrong.append((one, form))
    assert not wrong
    # What `pybabel compile` looks at, too.
    assert not [(message.id, error) for message in catalogue(tag) for error in message.check(catalogue(tag))]


@pytest.mark.parametrize("tag", TRANSLATED)
def test_A6_plural_forms_are_those_of_the_language(tag: str) -> None:
    found = catalogue(tag)
    for message in found:
        if isinstance(message.id, (list, tuple)):
            assert len(forms(message)) == found.num_plurals, message.id
            # Every form but the one for a single thing says how many there are.
            if "%(n)s" in ids(message)[1] and all(forms(message)):
                assert "%(n)s" in forms(message)[-1], message.id


@pytest.mark.parametrize("tag", TRANSLATED)
def test_A6_what_is_compiled_is_what_is_written(tag: str) -> None:
    compiled = BytesIO()
    write_mo(compiled, catalogue(tag))
    assert (folder(tag) / "messages.mo").read_bytes() == compiled.getvalue(), "run `make catalogues`"


def test_A6_markup_in_a_text_stands_in_a_trans_block() -> None:
    """`_` escapes what it gives back: a tag in its text would be seen, not obeyed."""
    wrong = [
        (template.name, text)
        for template in sorted((ROOT / "templates").rglob("*.*"))
        for text in re.findall(r"\b_\(\s*\"((?:[^\"\\]|\\.)*)\"", template.read_text("utf-8"))
        if _TAG.search(text)
    ]
    assert not wrong


def test_A6_no_text_begins_or_ends_with_a_space() -> None:
    assert not [text for text in extracted() if text != text.strip()]


def test_A6_the_company_may_choose_any_of_the_languages() -> None:
    assert get_args(Brand.model_fields["language"].annotation) == tuple(LANGUAGES)


def test_A6_the_catalogues_travel_with_the_package() -> None:
    assert {path.name for path in FOLDER.iterdir() if path.is_dir()} == {tag.replace("-", "_") for tag in TRANSLATED}
    ignored = (ROOT / ".gitignore").read_text().split()
    assert not [pattern for pattern in ignored if pattern.endswith((".mo", ".po"))]


def test_A6_no_words_of_a_template_stand_outside_the_catalogues() -> None:
    environment = jinja2.Environment(extensions=["jinja2.ext.i18n"])
    left: list[tuple[str, str]] = []
    for template in sorted((ROOT / "templates").rglob("*.*")):
        if template.parent.name == "errors":  # for developers and admins, in English as the standards are (Q1)
            continue
        text = _outside_of_tags(environment, template.read_text("utf-8"))
        if template.suffix == ".html":
            text = re.sub(r"<style.*?</style>", " ", text, flags=re.DOTALL)
            spoken = re.findall(r'\b(?:title|placeholder|aria-label|alt|data-(?!match)[a-z-]+)="([^"]*)"', text)
            left += [(template.name, one) for one in spoken if re.search(r"[A-Z][a-z]+|[a-z] [a-z]", one)]
            text = re.sub(r"<[^>]*>", "\n", text)
        left += [(template.name, line.strip()) for line in text.splitlines() if re.search(r"[A-Za-z]{2,}", line)]
    assert left == [("base.txt", "Subject:")]  # a mark for the mail's own reader


def _outside_of_tags(environment: jinja2.Environment, source: str) -> str:
    """What a template holds beside its expressions, blocks and comments, and beside `trans` blocks."""
    found: list[str] = []
    inside, opening = False, False
    for _, kind, value in environment.lex(source):
        if kind == "block_begin":
            opening = True
        elif kind == "name" and opening:
            opening, inside = False, value == "trans" or (inside and value != "endtrans")
        elif kind == "data" and not inside:
            found.append(value)
    return "".join(found)
