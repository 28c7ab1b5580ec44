"""A web server that publishes metadata, and a provider that may read it."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler
from typing import Any

import pytest

from idp.protocols import Services
from idp.saml.metadata import reading, sources
from idp.saml.metadata.sources import refresh_result
from idp.saml.metadata.sources.store import Source
from tests.provider import Provider
from tests.saml.documents import certificate
from tests.test_http import Site, reply, serving

PINNED = (certificate("federation"),)


ENTITY = "https://sp.example/metadata"


class Publisher:
    """A web server with documents at paths; it counts who asks for what."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.documents: dict[str, bytes | int] = {}
        site.answer = self._answer

    def _answer(self, handler: BaseHTTPRequestHandler) -> None:
        found = self.documents.get(handler.path, 404)
        if isinstance(found, int):
            reply(handler, b"nothing", found)
        else:
            reply(handler, found, content_type=reading.TYPE)

    def put(self, path: str, document: bytes | int) -> str:
        self.documents[path] = document
        return self.site.origin + path

    @property
    def asked(self) -> list[str]:
        return [path for _, path, _, _ in self.site.asked]


@pytest.fixture
def publisher() -> Iterator[Publisher]:
    with serving() as site:
        yield Publisher(site)


@pytest.fixture
def services(open_provider: Callable[..., Provider], publisher: Publisher) -> Services:
    return open_provider(outbound={"allow": [publisher.site.origin]}).services


def stamp(at: float) -> str:
    return datetime.datetime.fromtimestamp(at, datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def refresh(services: Services, source: Source, **how: Any) -> refresh_result.RefreshResult:
    return sources.refresh(services, source.id, **how)
