"""Where a service provider takes its answers (ACS), said by an admin: for one whose metadata nothing reads again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from clients.client import Client
from clients.entities import check_location
from clients.errors import InvalidMetadata, Problem
from clients.metadata import Wrong
from clients.service_provider import HTTP_POST
from clients.values import REDIRECT, Kind, list_of
from idp.protocols import Services

#: The name under which admins say it; it is kept among the facts of the metadata, whose check it gets.
KEY: Final = "acs"
KIND: Final[Kind] = list_of(REDIRECT)


def locations(values: Mapping[str, Any]) -> list[str]:
    """The addresses among a service provider's values, each once."""
    return list(dict.fromkeys(one["location"] for one in values.get("sp_metadata", {}).get(KEY, ())))


def with_facts(services: Services, client: Client, metadata: Mapping[str, Any]) -> Mapping[str, Any]:
    """A change in which the addresses stand as facts of the metadata: those that stay keep their index and binding.

    Errors: `InvalidMetadata`, also where they are read from a URL: the next reading would take them back.
    """
    if KEY not in metadata or client.saml is None:
        return metadata
    if client.saml.source is not None:
        command = f"doorward client refresh {client.id}"
        raise InvalidMetadata(Problem(KEY, f"its metadata says it, and is read again from its address: {command}"))
    wanted = metadata[KEY]
    facts = services.registry.as_registered(client.id)[1]["sp_metadata"]
    rest = {key: value for key, value in metadata.items() if key != KEY}
    if isinstance(wanted, Wrong):
        return {**rest, "sp_metadata": wanted}
    _check(services, wanted, {one["location"] for one in facts[KEY]})
    return {**rest, "sp_metadata": {**facts, KEY: _entries(facts[KEY], list(dict.fromkeys(wanted or ())))}}


def _check(services: Services, wanted: Any, known: set[str]) -> None:
    """Errors: `InvalidMetadata`, under the name that whoever typed it knows."""
    if wanted is not None and not (isinstance(wanted, (list, tuple)) and all(isinstance(one, str) for one in wanted)):
        raise InvalidMetadata(Problem(KEY, "expected a list of addresses such as https://app.example/saml/acs"))
    if not wanted:
        raise InvalidMetadata(Problem(KEY, "at least one is needed: where it takes our answers"))
    for one in wanted:
        if one not in known:
            try:
                check_location(one, services.registry.allow_loopback)
            except ValueError as error:
                raise InvalidMetadata(Problem(KEY, f"{ascii(one[:200])[1:-1]} {error}")) from None


def is_typed(client: Client) -> bool:
    """Whether an admin may say them: no address is read again that has them."""
    return client.saml is not None and client.saml.source is None


def _entries(there: list[dict[str, Any]], wanted: list[str]) -> list[dict[str, Any]]:
    known = {one["location"] for one in there}
    # Metadata §2.2.3: a request picks one by its index, so a new one never takes the index of another.
    free = max((one["index"] for one in there), default=-1) + 1
    new = (one for one in wanted if one not in known)
    made = [{"index": index, "binding": HTTP_POST, "location": one} for index, one in enumerate(new, free)]
    return [*(one for one in there if one["location"] in wanted), *made]
