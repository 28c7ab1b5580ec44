"""self_signed_tls_client_auth: a certificate, or its key, that is registered in jwks or jwks_uri (RFC 8705 §2.2)."""

from __future__ import annotations

from collections.abc import Iterator
from shlex import quote

from clients.client import Client
from idp.oidc.certificates import arriving, authorities
from idp.oidc.certificates.certificate import Certificate
from idp.oidc.client_auth.client_certificate import refused, required
from idp.oidc.client_auth.client_keys import client_keys
from idp.oidc.client_auth.presented import Presented
from idp.protocols import Services
from idp.wire import Request
from keys.algorithms import PublicKey
from keys.verifying import InvalidToken


def prove(services: Services, request: Request, client: Client, presented: Presented) -> None:
    """In time, and registered. A new one at jwks_uri is looked for once more. Errors: `OAuthError` (invalid_client)."""
    shown = required(services, request, client)
    problem = ""
    for renewed in (False, True) if client.oidc.jwks_uri else (False,):
        try:
            if any(is_of(key, shown) for key in client_keys(services, client, renewed=renewed)):
                return
        except InvalidToken as error:
            problem = error.reason
    where = "jwks_uri" if client.oidc.jwks_uri else "jwks"
    other = "" if not is_of_authority(services, shown) else (
        " Its authority is known here: by its name it is known to tls_client_auth: doorward client set "
        f"{client.id} token_endpoint_auth_method=tls_client_auth tls_client_auth_subject_dn={quote(shown.subject)}"
    )  # fmt: skip
    raise refused(
        problem or "it is none of the registered ones", kind="certificate_key", field=where, got=_shown(shown),
        expected=problem or "; ".join(_registered(services, client)) or "no key that can be used",
        fix=f"Put the certificate into {where}, as x5c of its key: the application may have renewed it, or sends that "
        f"of another system.{other}",
    )  # fmt: skip


def is_of(key: PublicKey, shown: Certificate) -> bool:
    """The very certificate where x5c has one (RFC 7517 §4.7: the key's own comes first), else its public key."""
    if key.certificate:
        return key.certificate == shown.der
    return key.spki == shown.spki


def _registered(services: Services, client: Client) -> Iterator[str]:
    try:
        for key in client_keys(services, client)[:4]:
            yield f"{'certificate' if key.certificate else 'key'} {key.kid or 'without kid'}"
    except InvalidToken:
        return


def _shown(shown: Certificate) -> str:
    return f"SHA-256 {shown.thumbprint} ({shown.subject or 'no name'})"


def is_of_authority(services: Services, shown: Certificate) -> bool:
    """Whether it would be good for tls_client_auth; asked only once it was refused."""
    if not arriving.is_taken(services.settings, "tls_client_auth"):
        return False
    try:
        authorities.check(authorities.of(services), shown, services.clock())
    except (OSError, ValueError):
        return False
    return True
