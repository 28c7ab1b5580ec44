"""What a request shows of its client, by one method, before anything is proven; and how it is refused."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import unquote

from clients.offered import AUTH_METHODS
from idp.errors import OAuthError, printable


@dataclass(frozen=True, slots=True)
class Presented:
    """Who it says it is, and the secret or assertion that is to prove it."""

    method: str
    client_id: str
    secret: str = ""

    @property
    def remark(self) -> str:
        """What its sender can see at it: the method, and a secret that cannot be one by its form."""
        if AUTH_METHODS[self.method].public or AUTH_METHODS[self.method].tls:
            return "client_id alone came, with no secret"
        wrong = _wrong_form(self.secret) if self.method != "private_key_jwt" else ""
        return f"it came by {self.method}{f', and the secret {wrong}' if wrong else ''}"

    @property
    def is_basic(self) -> bool:
        """Whether the client used the Authorization header: then the answer must have a challenge."""
        return self.method == "client_secret_basic"


def _wrong_form(secret: str) -> str:
    if not secret:
        return "is empty"
    if secret != secret.strip():
        return f"{'ends' if secret[-1:].isspace() else 'begins'} with a space or line break"
    if not secret.isprintable() or not secret.isascii():
        return "has characters that cannot be seen, or are not ASCII"
    if secret[0] in "\"'${<[" or secret[-1] in "\"'}>]":
        return "stands in quotes or brackets"
    return "is still percent-encoded" if "%" in secret and unquote(secret) != secret else ""


def failed(
    detail: str, *, kind: str, basic: bool = False, hint: str = "", fix: str = "", side: str = "application",
    field: str = "", expected: str = "", got: str = "",
) -> OAuthError:  # fmt: skip
    """`basic`: the client tried HTTP Basic, or nothing. `hint`: what the application's developer may be told.

    That is never whether a client of this name exists, nor how it is registered (Q4).
    """
    description = f"Client authentication failed: {hint}." if hint else "Client authentication failed."
    # RFC 6749 §5.2: 401, and WWW-Authenticate when the client tried Basic. What is wrong stands there as well, as
    # openid-client throws the challenge in place of the body. RFC 9110 §11.2: unknown parameters are passed over.
    told = f'error="invalid_client", error_description="{printable(description)}"'
    headers = (("WWW-Authenticate", f'Basic realm="doorward", charset="UTF-8", {told}'),) if basic else ()
    return OAuthError(
        "invalid_client", description, status=401, detail=detail, headers=headers, side=side,
        fix=fix or (f"Correct the application's authentication: {hint}." if hint else ""),
        field=field or "client authentication", expected=expected, got=got, kind=kind,
    )  # fmt: skip
