"""The desk's door: idpyoidc's client, and what the application asks of it."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any

from cryptojwt import KeyJar
from idpyoidc.client.exception import OidcServiceError
from idpyoidc.client.rp_handler import RPHandler

from tests.apps.settings import Settings

_SERVICES = (
    "provider_info_discovery.ProviderInfoDiscovery",
    "authorization.Authorization",
    "access_token.AccessToken",
    "refresh_access_token.RefreshAccessToken",
    "userinfo.UserInfo",
    "end_session.EndSession",
)


class NotSignedIn(Exception):
    """The provider said no; the message is the reason."""


class Door:
    """`state` is the library's name for one sign-in; it keeps tokens under it, in this process's memory."""

    def __init__(self, settings: Settings) -> None:
        self._issuer, self._lock = settings.issuer, threading.Lock()
        self._client: Any = None
        client = {
            "client_type": "oidc",
            "issuer": settings.issuer,
            "client_id": settings.client_id,
            "client_secret": settings.client_secret,
            "redirect_uris": [settings.redirect_uri],
            "post_logout_redirect_uris": [settings.post_logout_redirect_uri],
            "response_types_supported": ["code"],
            "scopes_supported": ["openid", "profile", "email"],
            "token_endpoint_auth_methods_supported": ["client_secret_post"],
            "services": {name.partition(".")[0]: {"class": f"idpyoidc.client.oidc.{name}"} for name in _SERVICES},
            "client_authn_methods": ["client_secret_post"],
            "add_ons": {
                "pkce": {
                    "function": "idpyoidc.client.oauth2.add_on.pkce.add_support",
                    "kwargs": {"code_challenge_length": 64, "code_challenge_method": "S256"},
                }
            },
        }
        # Its secret proves the application; without an empty jar the library writes keys of its own into this folder.
        self._handler = RPHandler(base_url=settings.base_url, client_configs={settings.issuer: client}, keyjar=KeyJar())

    def begin(self) -> tuple[str, str]:
        """Where to send a person who is to sign in, and the state to remember in their browser."""
        url: str = self._rp().init_authorization()
        return url, url.partition("state=")[2].partition("&")[0]

    def finish(self, answer: Mapping[str, str]) -> None:
        """The provider's answer came back: get the tokens. Errors: `NotSignedIn`."""
        if "error" in answer:
            raise NotSignedIn(answer.get("error_description") or answer["error"])
        done = self._rp().finalize(dict(answer))
        if "error" in done:
            raise NotSignedIn(str(done["error"]))

    def ask_who(self, state: str) -> dict[str, Any]:
        """The person, fresh from the provider; an expired access token is refreshed. Errors: `NotSignedIn`."""
        client = self._rp()
        try:
            with self._lock:  # one refresh at a time
                try:
                    client.get_valid_access_token(state)
                except OidcServiceError:
                    client.refresh_access_token(state)
            person = client.get_user_info(state)
        except (OidcServiceError, KeyError) as error:
            raise NotSignedIn(str(error)) from error
        found: dict[str, Any] = person.to_dict()
        return found

    def leave(self, state: str) -> str:
        """Where to send a person who signs out."""
        url: str = self._rp().logout(state)["url"]
        self._rp().clear_session(state)
        return url

    def _rp(self) -> Any:
        """The client; made when first needed, as it asks the provider for its metadata."""
        with self._lock:
            if self._client is None:
                self._client = self._handler.client_setup(self._issuer)
            return self._client
