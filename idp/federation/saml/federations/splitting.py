"""A federation's aggregate, taken apart in a process of its own: a line for each identity provider in it.

Our process never holds the document, and no thread of a sign-in waits for it: see `idp.saml.metadata.aggregates`.
"""

from __future__ import annotations

import json
from base64 import b64decode
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from idp.federation.saml.federations.describing import Member, member, of_json
from idp.saml.messages.public_keys import public_key
from idp.saml.metadata import aggregates, reading
from idp.saml.metadata.aggregates import Summary
from idp.saml.metadata.lexical import BadMetadata
from idp.saml.metadata.validity import Validity


def split(document: Path, lines: Path, certificates: Sequence[str], now: float, *, max_validity: float) -> Summary:
    """Write each identity provider of a signed aggregate to `lines`. Errors: `BadMetadata`.

    `certificates`: the pinned keys, DER in base64. `max_validity` (seconds): validUntil may not be further away.
    """
    asked = {
        "document": str(document), "lines": str(lines), "certificates": list(certificates), "now": now,
        "max_validity": max_validity,
    }  # fmt: skip
    return aggregates.run(__name__, asked)


def read_lines(lines: Path) -> Iterator[Member]:
    """What `split` wrote."""
    with lines.open(encoding="utf-8") as file:
        for line in file:
            yield of_json(json.loads(line))


# -- the child -------------------------------------------------------------------------------------------------------


def _split(document: str, lines: str, certificates: list[str], now: float, max_validity: float) -> Summary:
    keys = [public_key(b64decode(certificate)) for certificate in certificates]
    if not keys:
        raise BadMetadata("an aggregate is taken with a pinned key only")
    root = reading.open_document(Path(document).read_bytes(), keys, max_bytes=aggregates.MAX_BYTES)
    validity = Validity().within(root)
    validity.check(now, max_validity)
    count, left_out = _write(root, Path(lines), now)
    return Summary(count, validity.until, validity.cache, reading.created_at(root), tuple(left_out))


def _write(root: Any, lines: Path, now: float) -> tuple[int, list[str]]:
    seen: set[str] = set()
    left_out: list[str] = []
    with lines.open("w", encoding="utf-8") as file:
        for entity, around in reading.entities(root):
            entity_id = str(entity.get("entityID"))
            try:
                found = member(entity, around, now)
            except BadMetadata as error:
                left_out.append(f"{entity_id[:200]!a}: {error.reason}"[:500])
                continue
            finally:
                entity.clear()
            if found is None:
                continue
            # As it is kept, without spaces around: XML Schema's anyURI makes both the same.
            if found.entity_id in seen:
                raise BadMetadata(f"two identity providers have the same entityID, {found.entity_id[:200]!a}")
            seen.add(found.entity_id)
            file.write(json.dumps(found.as_json(), separators=(",", ":")) + "\n")
    return len(seen), left_out[:50]


if __name__ == "__main__":
    aggregates.answer(_split)
