"""What is wrong with a registration, as RFC 7591 §3.2.2 tells it: the field, its value, and what belongs there."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, Final

from clients.errors import InvalidMetadata, Problem
from idp.errors import OAuthError

_JWS: Final = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+")  # RFC 7515 §7.1
_SECRET: Final = ("client_secret", "registration_access_token", "software_statement")
_MOST_SHOWN: Final = 120  # characters of a value


def told(error: InvalidMetadata, sent: Mapping[str, Any]) -> OAuthError:
    """All that is wrong; what is worst first."""
    if not any(one.is_wrong for one in error.problems):
        return OAuthError(
            "temporarily_unavailable", " ".join(f"{one.field}: {one.message}." for one in error.problems), status=503,
            headers=(("Retry-After", "5"),), field=error.problems[0].field, expected="one at a time", got="more",
            kind="registration_too_often", fix="Let the application try again in a few seconds.",
        )  # fmt: skip
    detail = " ".join(_plain(one.detail) for one in error.problems if one.detail)
    problems = [Problem(_plain(one.field), _plain(one.message)) for one in error.problems]
    problems.sort(key=lambda one: one.code != error.code)
    first = problems[0]
    words = " ".join(f"{_sentence(one, sent)}." for one in problems)
    return OAuthError(
        error.code, words, detail=f"{words} {detail}" if detail else "", field=first.field,
        expected=first.message[:300], got=_shown(first.field, sent),
        fix=" ".join(f"{one.field}: {one.message}." for one in problems[:5])[:900],
        kind="registration_redirect_uri" if error.code == "invalid_redirect_uri" else "registration_metadata",
    )  # fmt: skip


def statement(sent: Mapping[str, Any]) -> OAuthError:
    """RFC 7591 §2.3, §3.2.2: we trust nobody who signs software statements, so none is ever half believed."""
    is_one = _JWS.fullmatch(str(sent["software_statement"])) is not None
    return OAuthError(
        "unapproved_software_statement" if is_one else "invalid_software_statement",
        "software_statement: no issuer of software statements is trusted here; "
        "leave it out and send the metadata themselves.", field="software_statement", expected="(nothing)",
        got="a software statement", kind="registration_statement",
        fix="Let the application register without a software statement: with the metadata as plain fields.",
    )  # fmt: skip


def _sentence(one: Problem, sent: Mapping[str, Any]) -> str:
    given = sent.get(one.field)
    value = _shown(one.field, sent)
    if not value or any(str(item) in one.message for item in (given if isinstance(given, list) and given else [given])):
        return f"{one.field}: {one.message}"
    return f"{one.field} {value}: {one.message}"


def _shown(field: str, sent: Mapping[str, Any]) -> str:
    """The value that was sent; a secret is never told again, nor recorded."""
    value = sent.get(field)
    if value is None or isinstance(value, dict) or field in _SECRET:
        return ""
    text = json.dumps(value)
    return text if len(text) <= _MOST_SHOWN else f"{text[:_MOST_SHOWN]}…"


def _plain(text: str) -> str:
    """What any store takes: JSON may have half a surrogate pair in it, or a NUL."""
    return "".join(one if one.isprintable() else "?" for one in text)
