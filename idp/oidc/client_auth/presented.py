"""What a request shows of its client, by one method, before anything is proven; and how it is refused."""

from __future__ import annotations

from dataclasses import dataclass

from idp.errors import OAuthError


@dataclass(frozen=True, slots=True)
class Presented:
    """Who it says it is, and the secret or assertion that is to prove it."""

    method: str
    client_id: str
    secret: str = ""

    @property
    def is_basic(self) -> bool:
        """Whether the client used the Authorization header: then the answer must have a challenge."""
        return self.method == "client_secret_basic"


def failed(
    detail: str, *, kind: str, basic: bool = False, hint: str = "", fix: str = "", side: str = "application"
) -> OAuthError:
    """`basic`: the client tried HTTP Basic, or nothing. `hint`: what the application's developer may be told."""
    # RFC 6749 §5.2: 401, and WWW-Authenticate when the client tried Basic.
    headers = (("WWW-Authenticate", 'Basic realm="doorward", charset="UTF-8"'),) if basic else ()
    description = f"Client authentication failed: {hint}." if hint else "Client authentication failed."
    return OAuthError(
        "invalid_client", description, status=401, detail=detail, headers=headers, side=side,
        fix=fix or (f"Correct the application's authentication: {hint}." if hint else ""), kind=kind,
    )  # fmt: skip
