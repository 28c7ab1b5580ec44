"""The certificate that a request came with: in the header of a trusted proxy, and from nowhere else (RFC 9700 §4.13).

Looked at only where an application or a token asks for one.
"""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

from idp import arrivals
from idp.config import Settings
from idp.oidc.certificates.certificate import Certificate, read
from idp.oidc.certificates.formats import FORMATS, HEADERS, der_of, looks_like
from idp.protocols import Services
from idp.wire import Request


@dataclass(frozen=True, slots=True)
class Arrived:
    """A certificate, or why there is none: the kind of refusal, and what an admin reads under its id."""

    certificate: Certificate | None = None
    kind: str = ""
    field: str = ""
    expected: str = ""
    got: str = ""
    fix: str = ""

    @property
    def side(self) -> str:
        """Who is to mend it."""
        return "application" if self.kind == "certificate_missing" else "doorward"


def absent(kind: str, field: str, expected: str, got: str, fix: str) -> Arrived:
    """There is none that can be taken."""
    return Arrived(None, kind, field, expected, got, fix)


class Passed:
    """When a proxy last handed a certificate to this process."""

    def __init__(self) -> None:
        self.at = 0.0


def of(services: Services, request: Request) -> Arrived:
    """What came with this request; it is read once."""
    return request.once(_read, services)


def header_of(settings: Settings) -> str:
    """The name of the header; '' while no certificates are taken."""
    named = settings.oauth.client_certificates
    return settings.oauth.client_certificate_header or FORMATS[named].header if named else ""


def is_taken(settings: Settings, method: str) -> bool:
    """Whether applications may prove themselves by this method, one of RFC 8705 §2."""
    oauth = settings.oauth
    return bool(oauth.client_certificates) and (method != "tls_client_auth" or bool(oauth.client_certificate_ca))


def _read(services: Services, request: Request) -> Arrived:
    settings = services.settings
    header, named = header_of(settings), settings.oauth.client_certificates
    if not header:
        return absent(
            "certificate_off", "oauth.client_certificates", "the proxy's format", "(nothing)",
            "Have the proxy ask for certificates and hand them on, and say so in oauth.client_certificates: see "
            "“Certificates of applications” in docs/operating.md.",
        )  # fmt: skip
    text = request.header(header) if request.names_are_apart else ""
    if not request.is_of_proxy:
        return _not_of_a_proxy(services, request, header, text)
    if _is_elsewhere(services, request):
        return _elsewhere(services, request, header, _has_value(named, text))
    try:
        der = der_of(named, text)
        found = read(der) if der is not None else None
    except ValueError as error:
        return _unreadable(header, named, text, str(error))
    if found is None:
        return _none(services, request, header)
    services.part(Passed).at = services.clock()
    return Arrived(found)


def _not_of_a_proxy(services: Services, request: Request, header: str, text: str) -> Arrived:
    """S14: whoever is no proxy of ours may write anything; it is ignored, and noted for `doorward doctor`."""
    peer = str(request.environ.get("REMOTE_ADDR") or "")
    trusted = ", ".join(services.settings.server.trusted_proxies) or "none"
    if not text:
        fix = f"The request came from {peer} directly, and Doorward itself asks for no certificate: let the "
        fix += "application ask the proxy. If a proxy of yours is at that address, name it in server.trusted_proxies."
        return absent("certificate_not_passed_on", header, "a header of a trusted proxy", "(nothing)", fix)
    services.part(arrivals.Arrivals).note(arrivals.CERTIFICATE_UNTRUSTED, peer, services.clock())
    services.log.warning("client_certificate_ignored", header=header, address=peer)
    fix = f"A header {header} came from {peer}, which is no trusted proxy, so it was ignored. "
    fix += arrivals.trust_it(services, peer)
    got = f"{trusted}, while this request came from {peer}"
    return absent("certificate_untrusted", "server.trusted_proxies", f"the proxy at {peer}", got, fix)


def _is_elsewhere(services: Services, request: Request) -> bool:
    """Whether certificates are asked for at another host than the one that this request names.

    A port alone tells nothing: many a proxy leaves it out of the Host.
    """
    origin = services.settings.oauth.mtls_origin
    asked = urlsplit(origin).hostname
    return bool(origin) and asked != urlsplit(services.issuer).hostname and _host(request) != asked


def _host(request: Request) -> str:
    try:
        return urlsplit(f"//{request.header('Host')}").hostname or ""
    except ValueError:
        return ""


def _has_value(named: str, text: str) -> bool:
    try:
        return der_of(named, text) is not None
    except ValueError:
        return True


def _elsewhere(services: Services, request: Request, header: str, has_value: bool) -> Arrived:
    """S14: a place of the proxy that asks for no certificate may pass on what clients write; none is taken from it."""
    origin, host = services.settings.oauth.mtls_origin, request.header("Host").lower()
    if not has_value:
        return _none(services, request, header)
    services.part(arrivals.Arrivals).note(arrivals.CERTIFICATE_ELSEWHERE, host, services.clock())
    services.log.warning("client_certificate_ignored", header=header, host=host[:100])
    fix = f"A header {header} came with the Host {host[:100]}, and certificates are asked for at {origin} alone, so it "
    fix += f"was ignored: have the proxy remove it there, and pass the client's Host on at {origin}. The application "
    fix += "uses the addresses of mtls_endpoint_aliases in our metadata (RFC 8705 §5)."
    return absent("certificate_elsewhere", header, f"a request to {origin}", host[:100], fix)


def _unreadable(header: str, named: str, text: str, reason: str) -> Arrived:
    other = looks_like(text)
    fix = f"What the proxy writes into {header} is not read as “{named}”: {reason}. "
    if "," in text and other != "envoy":
        fix += "There seem to be several values: the proxy must overwrite the header, not add to what the client sent."
    elif other and other != named:
        fix += f"It looks like “{other}”: set oauth.client_certificates to that, or change the proxy."
    else:
        fix += "Compare the proxy's line with the one in docs/operating.md."
    got = f"something like “{other}”" if other and other != named else f"{len(text)} characters: {reason}"
    return absent("certificate_unreadable", header, f"a certificate as “{named}” has it", got, fix)


def _none(services: Services, request: Request, header: str) -> Arrived:
    """Which of the three it is: asked for at another origin, not handed on, or not sent."""
    origin = services.settings.oauth.mtls_origin
    if _is_elsewhere(services, request) and _host(request) == urlsplit(services.issuer).hostname:
        fix = f"Certificates are asked for at {origin} and not at {services.issuer}: let the application use the "
        fix += "addresses of mtls_endpoint_aliases in our metadata (RFC 8705 §5)."
        return absent("certificate_missing", "mtls_endpoint_aliases", f"{origin}…", services.issuer, fix)
    other = next((one for one in HEADERS if one.lower() != header.lower() and looks_like(request.header(one))), "")
    if other:
        fix = f"The proxy writes certificates into {other}: set oauth.client_certificate_header to that, and see that "
        fix += f"it overwrites it; or have it write {header}."
        return absent("certificate_not_passed_on", "oauth.client_certificate_header", other, header, fix)
    if services.part(Passed).at:
        fix = "The proxy hands certificates on, and with this request none came: let the application's HTTP client "
        fix += "send its certificate and key (curl: --cert, --key), where it renews tokens and asks userinfo, too."
        return absent("certificate_missing", header, "the client's certificate", "(nothing)", fix)
    here = services.url("/oauth/certificate")
    here = here.replace(f"{urlsplit(here).scheme}://{urlsplit(here).netloc}", origin, 1) if origin else here
    fix = "No certificate has come from the proxy since this process started. Does it ask for one (nginx: "
    fix += f"ssl_verify_client optional_no_ca), and write it into {header}? See what arrives: curl --cert … --key … "
    fix += f"{here} . If it does both, the application sent none."
    return absent("certificate_not_passed_on", header, "the client's certificate", "(nothing)", fix)
