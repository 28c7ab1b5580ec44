"""What an error says in our own words, so that two faults of one kind are told apart and nobody can invent a third.

Whatever a request sent is taken out of it, and numbers, addresses and what stands in quotes.
"""

from __future__ import annotations

import re
from typing import Final

from idp.wire import BadRequest, Request

_MOST: Final = 40  # parameters that are taken out
#: What no error repeats. A secret may be any word, also one of ours.
_SECRET: Final = frozenset(
    ("client_secret", "code", "code_verifier", "refresh_token", "token", "access_token", "password", "client_assertion",
     "subject_token", "actor_token", "id_token_hint")
)  # fmt: skip
_FOREIGN: Final = re.compile(r"[a-z][a-z+.-]*:\S+|'[^']*'|\"[^\"]*\"|“[^”]*”|\w*[0-9]\w*")
#: Of paths that other products have for what we have elsewhere; a stranger's own words count as one.
_SEGMENTS: Final = frozenset(
    (".well-known", "openid-configuration", "oauth-authorization-server", "oauth", "oauth2", "oidc", "connect",
     "protocol", "openid-connect", "realms", "saml", "saml2", "sso", "slo", "acs", "idp", "metadata", "token", "tokens",
     "authorize", "authorization", "auth", "userinfo", "introspect", "introspection", "revoke", "revocation", "par",
     "logout", "endsession", "end_session", "jwks", "jwks.json", "certs", "keys", "register", "login", "v1", "v2.0")
)  # fmt: skip


def of_ours(request: Request, *texts: str) -> str:
    """The texts without what came from outside."""
    said = "\n".join(texts)[:1000]
    for value in _sent(request):
        said = said.replace(value, "…")
    return _FOREIGN.sub("…", said)


def _sent(request: Request) -> list[str]:
    """Values of the request that may stand in an error, the longest first: a part of one stands in no other then."""
    try:
        sent = {**request.query.first, **(request.form.first if request.method == "POST" else {})}
    except BadRequest:
        return []
    shown = [value for name, value in sent.items() if name not in _SECRET]
    found = {part for value in shown[:_MOST] for part in (value, *value.split()[:8]) if len(part) > 2}
    return sorted((one for one in found if len(one) <= 400), key=len, reverse=True)


def path_class(path: str) -> str:
    """Where a request went that nobody knows the application of."""
    return "/".join(one if one in _SEGMENTS else "…" for one in path.lower().strip("/").split("/")[:6])
