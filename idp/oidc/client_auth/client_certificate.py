"""What both methods of RFC 8705 §2 ask: that a certificate came, and that it holds today."""

from __future__ import annotations

from clients.client import Client
from idp.errors import OAuthError
from idp.oidc.certificates import arriving
from idp.oidc.certificates.certificate import Certificate, day
from idp.oidc.client_auth.presented import Presented, failed
from idp.protocols import Services
from idp.wire import Request


def present(request: Request) -> Presented | None:
    """The connection shows it, and not the request: which client it is of stands as client_id alone (§2)."""
    return None


def required(services: Services, request: Request, client: Client) -> Certificate:
    """The certificate, in time. Errors: `OAuthError` (invalid_client)."""
    arrived = arriving.of(services, request)
    if arrived.certificate is None:
        hint = "no client certificate came with the request"
        if arrived.kind == "certificate_elsewhere" or arrived.field == "mtls_endpoint_aliases":
            hint += "; use the addresses of mtls_endpoint_aliases"  # which are in our metadata
        raise failed(
            f"{client.id}: {hint}", hint=hint, kind=arrived.kind, side=arrived.side, field=arrived.field,
            expected=arrived.expected, got=arrived.got, fix=arrived.fix,
        )  # fmt: skip
    found, now = arrived.certificate, services.clock()
    if now > found.ends:
        raise refused(
            f"it ran out {day(found.ends)}", kind="certificate_expired", field="notAfter", got=day(found.ends),
            expected=f"a time after {day(now)}",
            fix="Renew the application's certificate; if the new one is there already, let it be loaded (a restart).",
        )  # fmt: skip
    if now < found.begins:
        raise refused(
            f"it holds from {day(found.begins)} only", kind="certificate_expired", field="notBefore",
            got=day(found.begins), expected=f"a time before {day(now)}",
            fix="Compare the clocks of this machine and of the one that made the certificate (NTP), or wait.",
        )  # fmt: skip
    return found


def refused(
    hint: str, *, kind: str, fix: str, field: str = "certificate", expected: str = "", got: str = "",
    side: str = "application",
) -> OAuthError:  # fmt: skip
    """A certificate that proves nothing. `hint`: of the certificate alone, which its owner knows (Q4)."""
    return failed(
        f"client certificate: {hint}", hint=f"client certificate: {hint}" if side == "application" else "", kind=kind,
        side=side, field=field, expected=expected, got=got, fix=fix,
    )  # fmt: skip
