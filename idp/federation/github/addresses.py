"""Where GitHub is asked: github.com, a company's own place at ghe.com, or an Enterprise Server of one's own."""

from __future__ import annotations

from urllib.parse import urlsplit

from idp.federation.provider import Provider

PUBLIC = "github.com"
_RESIDENCY = ".ghe.com"


def authorize(provider: Provider) -> str:
    """Where people are sent."""
    return _base(provider) + "/login/oauth/authorize"


def token(provider: Provider) -> str:
    """Where a code is redeemed."""
    return _base(provider) + "/login/oauth/access_token"


def api(provider: Provider, path: str) -> str:
    """One resource of the REST API. An Enterprise Server has it below its own host."""
    parts = urlsplit(provider.issuer)
    if is_github_com(provider):
        return f"{parts.scheme}://api.{parts.netloc}{path}"
    return f"{_base(provider)}/api/v3{path}"


def is_github_com(provider: Provider) -> bool:
    """Whether GitHub itself runs it. An Enterprise Server need not prove the addresses of its people."""
    host = urlsplit(provider.issuer).hostname or ""
    return host == PUBLIC or host.endswith(_RESIDENCY)


def _base(provider: Provider) -> str:
    return provider.issuer.rstrip("/")
