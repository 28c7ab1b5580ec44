"""Editions: a change says which one it is meant for, so that nobody's change is lost unseen (RFC 9110 §13.1.1)."""

from __future__ import annotations

import hashlib
import json
import re

from idp.api.models import Error, Model
from idp.api.operations import Call, Operation
from idp.api.problems import Problem
from idp.wire import Request

_TAG = re.compile(r'\s*(W/)?"([\x21\x23-\x7e]*)"\s*(?:,|$)')
ANY = "*"
#: `*`, or a list of entity tags, for the document (RFC 9110 §8.8.3, in what ECMA 262 and Python read alike).
PATTERN = r"""^(\*|(W/)?"[!#-~]*"( *, *(W/)?"[!#-~]*")*)$"""


def of(value: Model) -> str:
    """The edition of a value that has none of its own: the same as long as the value is."""
    said = json.dumps(value.model_dump(mode="json"), sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(said.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def quoted(edition: str) -> str:
    """As an ETag (RFC 9110 §8.8.3)."""
    return f'"{edition}"'


def asked(operation: Operation, request: Request) -> tuple[str, ...] | None:
    """The editions of If-Match. Errors: `Problem` where a change says none (RFC 6585 §3), or no list of them."""
    given = request.header("If-Match").strip()
    if not given:
        if operation.guarded:
            raise missing()
        return None
    if given == ANY:
        return (ANY,)
    found, at = [], 0
    while at < len(given):
        tag = _TAG.match(given, at)
        if tag is None:
            error = Error(
                header="If-Match", detail="is no entity tag", expected="a text in quotes, or *", example='"…"'
            )
            raise Problem("parameter", "If-Match is no entity tag.", errors=(error,))
        if not tag[1]:  # RFC 9110 §13.1.1: compared strongly, a weak one never matches
            found.append(tag[2])
        at = tag.end()
    return tuple(found)


def missing() -> Problem:
    """A change that says none (RFC 6585 §3)."""
    error = Error(header="If-Match", detail="is missing", expected="the ETag that you read, or *", example='"…"')
    return Problem("edition-missing", "Read it, and send its ETag back as If-Match.", errors=(error,))


def check(call: Call, edition: str) -> str | None:
    """Whether the change is meant for this edition; answers it for the verb to hold on to, None where any will do.

    Errors: `Problem` (412).
    """
    if call.if_match is None or ANY in call.if_match:
        return None
    if edition not in call.if_match:
        detail = "It is another edition by now. Read it again, and send your change with its new ETag."
        raise Problem("changed", detail, errors=(Error(header="If-Match", detail="is not the edition that stands"),))
    return edition
