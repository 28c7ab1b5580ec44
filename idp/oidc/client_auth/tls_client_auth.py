"""tls_client_auth: a certificate of an authority that is trusted here, with the registered name (RFC 8705 §2.1)."""

from __future__ import annotations

from shlex import quote

from clients.certificate_names import NAMES
from clients.client import Client
from idp.errors import OAuthError
from idp.oidc.certificates import authorities
from idp.oidc.certificates.certificate import Certificate
from idp.oidc.client_auth.client_certificate import refused, required
from idp.oidc.client_auth.presented import Presented
from idp.protocols import Services
from idp.wire import Request


def prove(services: Services, request: Request, client: Client, presented: Presented) -> None:
    """In time, of a known authority, with the one name that is registered. Errors: `OAuthError` (invalid_client)."""
    shown = required(services, request, client)
    _check_authority(services, client, shown)
    # RFC 8705 §2.1.2: exactly one, which registration sees to.
    field = next(name for name in NAMES if client.metadata.get(name))
    registered = str(client.metadata.get(field))
    if shown.has_name(field, registered):
        return
    found, sort = shown.names(field), field.removeprefix("tls_client_auth_")
    got = ", ".join(found) or "(nothing)"
    fix = f"The certificate has no {sort}: register it by a name that it has, such as tls_client_auth_subject_dn."
    if found:
        fix = "Let the application send the certificate that is meant, or register this one's name: doorward client "
        fix += f"set {client.id} {field}={quote(found[0])}"
    raise refused(
        f"its {sort} is {got}", kind="certificate_name", field=field, expected=registered, got=got, fix=fix
    )  # fmt: skip


def _check_authority(services: Services, client: Client, shown: Certificate) -> None:
    setting = services.settings.oauth.client_certificate_ca
    try:
        if not setting:
            raise OSError("oauth.client_certificate_ca is not set")
        known = authorities.of(services)
    except (OSError, ValueError) as error:
        raise _unset(str(error)) from None
    try:
        authorities.check(known, shown, services.clock())
    except ValueError as error:
        fix = "Let the application use a certificate of one of these authorities, or put its authority, and what "
        fix += "stands between the two, into the file of oauth.client_certificate_ca."
        if shown.is_self_issued:
            fix = "For certificates that sign themselves there is self_signed_tls_client_auth, with the certificate in "
            fix += f"jwks (x5c): doorward client set {client.id} token_endpoint_auth_method=self_signed_tls_client_auth"
        raise refused(
            str(error), kind="certificate_authority", expected=" or ".join(known.names), got=shown.issuer, fix=fix
        ) from None


def _unset(reason: str) -> OAuthError:
    return refused(
        "no authority is known here", kind="certificate_authorities", side="doorward", got=reason,
        field="oauth.client_certificate_ca", expected="a file of authorities' certificates",
        fix="Name the file with the certificates (PEM) of those who issue the applications' in "
        f"oauth.client_certificate_ca: {reason}.",
    )  # fmt: skip
