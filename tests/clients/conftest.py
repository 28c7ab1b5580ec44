"""A registry on a real store: SQLite, then PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from clients import store
from clients.registry import Draft, Registered, Registry
from idp.db import Database
from tests.backends import Clock, create_tables

CALLBACK = "https://crm.example/callback"


@pytest.fixture
def db(database_url: str) -> Iterator[Database]:
    create_tables(database_url, store.metadata)
    database = Database(database_url)
    yield database
    database.close()


@pytest.fixture
def registry(db: Database, clock: Clock) -> Registry:
    return Registry(db, clock)


def draft(profile: str = "web", name: str = "CRM", **metadata: object) -> Draft:
    """An application to register; with a redirect URI unless it is a machine."""
    given = metadata if profile == "machine" else {"redirect_uris": [CALLBACK], **metadata}
    return Draft(name=name, profile=profile, metadata=given)


@pytest.fixture
def crm(registry: Registry) -> Registered:
    return registry.register(draft())
