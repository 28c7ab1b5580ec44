"""One type of authorization details: its JSON schema, its sentence in each language, the resources that it is for."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any, Final

from clients.details_types import sentences, work
from clients.errors import InvalidMetadata, Problem
from clients.values import DETAILS_TYPE, RESOURCE

LANGUAGES: Final = ("en", "de", "es", "fr", "zh-Hans")
MAX_SCHEMA: Final = 16_384  # characters
MAX_SENTENCE: Final = 300
MAX_TYPES: Final = 200
MAX_RESOURCES: Final = 50
#: What each detail may have whatever its schema says (RFC 9396 §2.2 names them): lists that a request narrows.
COMMON: Final = ("locations", "actions", "datatypes", "privileges")


@dataclass(frozen=True, slots=True, eq=False)
class DetailsType:
    """`schema`: what a whole detail must be, `type` included; `sentences`: language to template.

    `resources`: applications that may ask for tokens for one of these may use the type without being registered for it
    by name; empty: those alone that are.
    """

    name: str
    schema: Mapping[str, Any]
    sentences: Mapping[str, str] = field(default_factory=dict)
    resources: tuple[str, ...] = ()

    def problem(self, detail: Mapping[str, Any]) -> str:
        """What is wrong with a detail by the schema, with where; '' for nothing."""
        first = next(_validator(self.schema).iter_errors(dict(detail)), None)
        if first is None:
            return ""
        where = "/".join(str(one) for one in first.instance_path)
        return f"{where[:100] or 'it'}: {_plain(first.message)[:160]}"

    def enriched(self, detail: Mapping[str, Any]) -> dict[str, Any]:
        """A detail with the members that it left out and for which the schema has a `default` (RFC 9396 §7.1)."""
        return {**deepcopy(defaults_of(self.schema)), **detail}

    def to_json(self) -> dict[str, Any]:
        """As files, the API and the record have it."""
        return {
            "type": self.name, "schema": dict(self.schema), "sentences": dict(self.sentences),
            "resources": list(self.resources),
        }  # fmt: skip


def defaults_of(schema: Mapping[str, Any]) -> dict[str, Any]:
    """The members at the top that have a `default`, but for `type`, which names the detail."""
    known = schema.get("properties")
    each = known.items() if isinstance(known, dict) else ()
    return {name: one["default"] for name, one in each if name != "type" and isinstance(one, dict) and "default" in one}


def checked(name: str, schema: Any, said: Mapping[str, str], resources: tuple[str, ...]) -> DetailsType:
    """A type whose parts are good. Errors: `InvalidMetadata`, with everything that is wrong."""
    told = {language: " ".join(text.split()) for language, text in said.items() if text.strip()}
    named = tuple(dict.fromkeys(resources))
    problems = [*_of_name(name), *_of_schema(schema), *_of_sentences(told), *_of_resources(named)]
    if problems:
        raise InvalidMetadata(*problems)
    in_order: dict[str, str] = {language: told[language] for language in LANGUAGES if language in told}
    return DetailsType(name, schema, in_order, named)


def _of_name(name: str) -> Iterator[Problem]:
    try:
        DETAILS_TYPE.check(name, False)
    except ValueError as error:
        yield Problem("type", str(error))


def _of_schema(schema: Any) -> Iterator[Problem]:
    if not isinstance(schema, dict):
        yield Problem("schema", 'expected a JSON schema: {"type": "object", "properties": {…}}')
        return
    try:
        size = len(json.dumps(schema, allow_nan=False))
    except (ValueError, RecursionError):
        yield Problem("schema", "is no JSON")
        return
    if size > MAX_SCHEMA:
        yield Problem("schema", f"is longer than {MAX_SCHEMA} characters")
        return
    try:
        wrong = work.problem(schema)
        if wrong:
            yield Problem("schema", wrong)
            return
        _validator(schema)
        for name, value in defaults_of(schema).items():
            one = {**schema["properties"][name], "$defs": schema.get("$defs", {})}
            if not _validator(one).is_valid(value):
                yield Problem("schema", f"the default of {name[:80]} is not as its own schema says")
    except (ValueError, RecursionError) as error:  # a wrong keyword, an expression, a reference elsewhere
        yield Problem("schema", _plain(str(error))[:200])


def _of_sentences(told: Mapping[str, str]) -> Iterator[Problem]:
    for language, text in told.items():
        if language not in LANGUAGES:
            yield Problem("sentences", f"{language[:20]}: expected {', '.join(LANGUAGES)}")
        elif len(text) > MAX_SENTENCE:
            yield Problem("sentences", f"{language}: is longer than {MAX_SENTENCE} characters")
        elif wrong := sentences.problem(text):
            yield Problem("sentences", f"{language}: {wrong}")


def _of_resources(resources: tuple[str, ...]) -> Iterator[Problem]:
    if len(resources) > MAX_RESOURCES:
        yield Problem("resources", f"expected at most {MAX_RESOURCES}")
    for uri in resources:
        try:
            RESOURCE.check(uri, False)
        except ValueError as error:
            yield Problem("resources", f"{ascii(uri)[:80]}: {error}")


def _validator(schema: Mapping[str, Any]) -> Any:
    """Never a look outside the schema, and expressions that take a time linear in the text. Errors: `ValueError`."""
    import jsonschema_rs  # not for whoever uses no type

    return jsonschema_rs.validator_for(
        dict(schema), offline=True, pattern_options=jsonschema_rs.RegexOptions(), validate_formats=True
    )  # fmt: skip


def _plain(text: str) -> str:
    return "".join(" " if unicodedata.category(one)[0] == "C" else one for one in text)
