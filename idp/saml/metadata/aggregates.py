"""Take a federation's aggregate apart in a process of its own: it is big, and its memory goes back with the process.

The child reads a file, checks the signature, and writes one line of JSON for each service provider; our own process
never holds the document. 59 MB of 10,000 service providers take the child some seconds and 0.5 GiB.
"""

from __future__ import annotations

import hashlib
import json
import os
import resource
import subprocess
import sys
from base64 import b64decode
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final, TextIO

from idp.saml.messages.public_keys import public_key
from idp.saml.messages.xml import Element
from idp.saml.metadata import reading
from idp.saml.metadata.description import describe, is_service_provider
from idp.saml.metadata.lexical import BadMetadata
from idp.saml.metadata.validity import Validity

MAX_BYTES: Final = 100 * 1024 * 1024
MEMORY: Final = 2 * 1024**3  # bytes of address space for the child
SECONDS: Final = 300  # for the child


@dataclass(frozen=True, slots=True)
class Summary:
    """What an aggregate had. `left_out`: why single service providers cannot be taken, a sentence each."""

    entities: int
    valid_until: float | None
    cache_duration: float | None
    published_at: float | None
    left_out: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Line:
    """One service provider of an aggregate. `digest`: of name and facts."""

    entity_id: str
    name: str
    digest: str
    facts: dict[str, Any]


def split(
    document: Path,
    lines: Path,
    certificates: Sequence[str],
    now: float,
    *,
    max_validity: float,
    allow_loopback: bool = False,
) -> Summary:
    """Write each service provider of a signed aggregate to `lines`, for `read_lines`. Errors: `BadMetadata`.

    `certificates`: the pinned keys, DER in base64. `max_validity` (seconds): validUntil may not be further away.
    """
    asked = {
        "document": str(document),
        "lines": str(lines),
        "certificates": list(certificates),
        "now": now,
        "max_validity": max_validity,
        "allow_loopback": allow_loopback,
    }
    return run(__name__, asked)


def run(module: str, asked: Mapping[str, Any]) -> Summary:
    """What a module of ours says, run in a process of its own (its `answer`). Errors: `BadMetadata`."""
    root = str(Path(__file__).parents[3])
    try:
        # No secret of ours is in its environment, and its modules come from where ours do.
        done = subprocess.run(  # noqa: S603 - a module of ours
            [sys.executable, "-P", "-m", module],
            input=json.dumps(asked).encode(), capture_output=True, timeout=SECONDS, check=False,
            env={"PYTHONPATH": root, "PATH": os.environ.get("PATH", os.defpath), "LANG": "C.UTF-8"},
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        raise BadMetadata(f"reading it took more than {SECONDS} seconds") from None
    try:
        answer = json.loads(done.stdout)
    except ValueError:
        raise BadMetadata(f"the process that reads it ended with {done.returncode}, out of memory perhaps") from None
    if "refused" in answer:
        raise BadMetadata(str(answer["refused"]))
    return Summary(**{**answer, "left_out": tuple(answer["left_out"])})


def read_lines(lines: Path) -> Iterator[Line]:
    """What `split` wrote."""
    with lines.open(encoding="utf-8") as file:
        for line in file:
            yield Line(**json.loads(line))


# -- the child -------------------------------------------------------------------------------------------------------


def answer(split_it: Callable[..., Summary]) -> None:
    """Answer one JSON object on standard output for the one on standard input."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    os.nice(10)
    asked = json.load(sys.stdin)
    try:
        told = asdict(split_it(**asked))
    except BadMetadata as error:
        told = {"refused": error.reason}
    except MemoryError:
        told = {"refused": f"reading it takes more than {MEMORY // 1024**2} MB of memory"}
    json.dump(told, sys.stdout)


def _split(
    document: str, lines: str, certificates: list[str], now: float, max_validity: float, allow_loopback: bool
) -> Summary:
    keys = [public_key(b64decode(certificate)) for certificate in certificates]
    if not keys:
        raise BadMetadata("an aggregate is taken with a pinned key only")
    root = reading.open_document(Path(document).read_bytes(), keys, max_bytes=MAX_BYTES)
    validity = Validity().within(root)
    validity.check(now, max_validity)
    with Path(lines).open("w", encoding="utf-8") as file:
        count, left_out = _write(root, file, now, validity.until, allow_loopback)
    return Summary(count, validity.until, validity.cache, reading.created_at(root), tuple(left_out))


def _write(root: Element, file: TextIO, now: float, until: float | None, allow_loopback: bool) -> tuple[int, list[str]]:
    seen: set[str] = set()
    left_out: list[str] = []
    count = 0
    for entity, around in reading.entities(root):
        entity_id = str(entity.get("entityID"))
        if entity_id in seen:
            raise BadMetadata(f"two entities have the same entityID, {entity_id[:200]!a}")
        seen.add(entity_id)
        if not is_service_provider(entity):
            continue
        try:
            found = describe(entity, around, now, allow_loopback=allow_loopback)
        except BadMetadata as error:
            left_out.append(f"{entity_id[:200]!a}: {error.reason}"[:500])
            continue
        finally:
            entity.clear()
        count += 1
        # The whole's validUntil is the source's: it moves with every publication, and the facts do not.
        facts = {key: fact for key, fact in found.facts.items() if (key, fact) != ("valid_until", until)}
        text = json.dumps([found.name, facts], separators=(",", ":"), sort_keys=True)
        digest = hashlib.sha256(text.encode()).hexdigest()
        line = {"entity_id": found.entity_id, "name": found.name, "digest": digest, "facts": facts}
        file.write(json.dumps(line, separators=(",", ":")) + "\n")
    return count, left_out[:50]


if __name__ == "__main__":
    answer(_split)
