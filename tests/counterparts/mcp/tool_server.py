"""A toy MCP server as the SDK's documents have it: its tokens are Doorward's, and it asks Doorward of each."""

from __future__ import annotations

import json
import os
from typing import Any

import httpx2
from mcp.server.auth.provider import AccessToken
from mcp.server.auth.settings import AuthSettings
from mcp.server.mcpserver import MCPServer

SETTINGS = json.loads(os.environ["SETTINGS"])


class Introspecting:
    """RFC 7662."""

    async def verify_token(self, token: str) -> AccessToken | None:
        """What the provider says of it."""
        async with httpx2.AsyncClient() as client:
            answer = await client.post(
                f"{SETTINGS['issuer']}/oauth/introspect", data={"token": token},
                auth=(SETTINGS["client_id"], SETTINGS["client_secret"]),
            )  # fmt: skip
        told: dict[str, Any] = answer.json()
        if not told.get("active"):
            return None
        audience = told["aud"] if isinstance(told["aud"], list) else [told["aud"]]
        return AccessToken(
            token=token, client_id=told["client_id"], scopes=told["scope"].split(), expires_at=told["exp"],
            resource=SETTINGS["resource"] if SETTINGS["resource"] in audience else None, subject=told["sub"],
        )  # fmt: skip


server = MCPServer(
    "Tools", token_verifier=Introspecting(),
    auth=AuthSettings(
        issuer_url=SETTINGS["issuer"], resource_server_url=SETTINGS["resource"], required_scopes=["tools"],
        validate_token_resource=True,
    ),
)  # fmt: skip


@server.tool()
def add(a: int, b: int) -> int:
    """Add two numbers."""
    return a + b


server.run("streamable-http", host="127.0.0.1", port=SETTINGS["port"])
