"""What both applications read from their environment: the lines that `doorward client add` prints."""

from __future__ import annotations

import os
from dataclasses import dataclass


@dataclass(frozen=True)
class Settings:
    """Where the application stands, who signs its people in, and where its neighbour is."""

    issuer: str
    client_id: str
    client_secret: str
    redirect_uri: str
    post_logout_redirect_uri: str
    port: int
    neighbour_url: str

    @property
    def discovery_url(self) -> str:
        """Where the provider says what it can do."""
        return f"{self.issuer}/.well-known/openid-configuration"

    @property
    def base_url(self) -> str:
        """The application's own address."""
        return self.redirect_uri.rpartition("/")[0]


def read() -> Settings:
    """From the environment."""
    return Settings(
        issuer=os.environ["OIDC_ISSUER"],
        client_id=os.environ["OIDC_CLIENT_ID"],
        client_secret=os.environ["OIDC_CLIENT_SECRET"],
        redirect_uri=os.environ["OIDC_REDIRECT_URI"],
        post_logout_redirect_uri=os.environ["OIDC_POST_LOGOUT_REDIRECT_URI"],
        port=int(os.environ["PORT"]),
        neighbour_url=os.environ["NEIGHBOUR_URL"],
    )
