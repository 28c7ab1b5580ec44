"""An MCP client as the SDK's documents have it: it is given the address of a tool, and finds the rest.

In: settings as JSON in the environment, then the callback's address as a line. Out: one JSON object a line.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx2
from mcp import Client
from mcp.client.auth import OAuthClientProvider
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.auth import AuthorizationCodeResult, OAuthClientMetadata

SETTINGS = json.loads(os.environ["SETTINGS"])


class Storage:
    """In memory."""

    tokens: Any = None
    client: Any = None

    async def get_tokens(self) -> Any:
        """None at first."""
        return self.tokens

    async def set_tokens(self, tokens: Any) -> None:
        """Keep them."""
        self.tokens = tokens

    async def get_client_info(self) -> Any:
        """None at first."""
        return self.client

    async def set_client_info(self, client: Any) -> None:
        """Keep it."""
        self.client = client


def say(**what: Any) -> None:
    """One line."""
    print(json.dumps(what), flush=True)


async def redirect(url: str) -> None:
    """Where the person is sent."""
    say(url=url)


async def callback() -> AuthorizationCodeResult:
    """Where the person came back to."""
    line = await asyncio.to_thread(sys.stdin.readline)
    told = dict(parse_qsl(urlsplit(line.strip()).query))
    return AuthorizationCodeResult(code=told["code"], state=told["state"], iss=told["iss"])


async def main() -> None:
    """Connect, and use the tool."""
    storage = Storage()
    auth = OAuthClientProvider(
        server_url=SETTINGS["resource"],
        client_metadata=OAuthClientMetadata(
            client_name=SETTINGS["name"], redirect_uris=[SETTINGS["redirect_uri"]],
            grant_types=["authorization_code", "refresh_token"],
        ),
        storage=storage, redirect_handler=redirect, callback_handler=callback,
        client_metadata_url=SETTINGS.get("document"),
    )  # fmt: skip
    async with (
        httpx2.AsyncClient(auth=auth, timeout=60) as http,
        Client(streamable_http_client(SETTINGS["resource"], http_client=http)) as client,
    ):
        result = await client.call_tool("add", {"a": 2, "b": 3})
    say(client_id=storage.client.client_id, scope=storage.tokens.scope, answer=result.content[0].text)


asyncio.run(main())
