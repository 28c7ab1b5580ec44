"""Requests of applications that were sent to an address of another product, or to a mistyped one.

Who sets up an application by hand copies addresses from a guide for something else. The parameters say what was meant.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final, NamedTuple

from idp import claimed
from idp.errors import Explanation, OAuthError, Refused
from idp.ids import shown_id
from idp.texts import N_
from idp.wire import BadRequest, Request

_DISCOVERY: Final = "/.well-known/openid-configuration"
#: Endpoint, what it is called in an application's settings, its name in discovery or metadata.
ENDPOINTS: Final[Mapping[str, tuple[str, str]]] = {
    "/oauth/authorize": ("the authorization endpoint", "authorization_endpoint"),
    "/oauth/token": ("the token endpoint", "token_endpoint"),
    "/oauth/userinfo": ("the userinfo endpoint", "userinfo_endpoint"),
    "/oauth/jwks": ("the key set", "jwks_uri"),
    "/oauth/logout": ("the sign-out endpoint", "end_session_endpoint"),
    "/oauth/introspect": ("the introspection endpoint", "introspection_endpoint"),
    "/oauth/revoke": ("the revocation endpoint", "revocation_endpoint"),
    _DISCOVERY: ("the discovery document", "issuer"),
    "/saml/sso": ("SAML single sign-on", "SingleSignOnService"),
    "/saml/slo": ("SAML sign-out", "SingleLogoutService"),
    "/saml/metadata": ("SAML metadata", "metadata"),
    "/saml/start/CLIENT_ID": ("the start of a SAML sign-in from this side", "start_url"),
}
#: Whoever reads these is a program, and an error page tells it nothing.
_START: Final = "/saml/start/CLIENT_ID"
_OF_PROGRAMS: Final = frozenset(ENDPOINTS) - {"/oauth/authorize", "/oauth/logout", "/saml/sso", "/saml/slo", _START}
#: Where other products begin a SAML sign-in from their side (Prof §4.1.5): Shibboleth, AD FS, Keycloak, SimpleSAMLphp.
_STARTS: Final = re.compile(r"unsolicited/sso|idpinitiatedsignon|protocol/saml/clients/[^/]+|idp-?initiated|initsso")
_LAST: Final = (
    (r"jwks(\.json)?|jwks_uri|certs|keys|jwk", "/oauth/jwks"), (r"userinfo|user_info|openidconnect", "/oauth/userinfo"),
    (r"token|access_token|tokens", "/oauth/token"), (r"introspect(ion)?|tokeninfo|check_token", "/oauth/introspect"),
    (r"revoke|revocation", "/oauth/revoke"),
    (r"logout|signout|endsession|end_session|end-session|oidc-logout", "/oauth/logout"),
    (r"authoriz(e|ation)(\.oauth2)?|authorise|auth", "/oauth/authorize"),
)  # fmt: skip
_PROTOCOL: Final = re.compile(
    r"oauth|oidc|openid|connect|protocol|realms|userinfo|jwks|introspect|/as/|/o/|/v[12]|/idp/", re.IGNORECASE
)
_SAML_METADATA: Final = ("/metadata", "/metadata.xml", "/metadata.php", "/descriptor")
#: Anybody may ask for any path, and no product's is nearly as long.
_LONGEST: Final = 300


class Strayed(NamedTuple):
    """Which endpoint of ours was meant, and which application said that it asks: registered or not."""

    path: str
    client_id: str


def find(request: Request, prefix: str) -> Strayed | None:
    """What a request to an address that leads nowhere was meant for; None where it is no application's."""
    try:
        sent = {**request.query.first, **(request.form.first if request.method == "POST" else {})}
    except BadRequest:
        return None
    if request.method == "POST" and not sent:
        sent = {str(name): str(value) for name, value in claimed.json_of(request).items()}
    path = request.path.removeprefix(prefix).rstrip("/")
    if len(path) > _LONGEST:
        return None
    meant = _by_parameters(path, sent, request) or _by_path(path)
    if not meant:
        return None
    return Strayed(meant, sent.get("client_id") or next(filter(None, claimed.client_ids(request)), ""))


def _by_parameters(path: str, sent: Mapping[str, str], request: Request) -> str:
    if "SAMLRequest" in sent or ("SAMLResponse" in sent and re.search(r"slo|logout", path, re.IGNORECASE)):
        return "/saml/slo" if re.search(r"slo|logout|signout", path, re.IGNORECASE) else "/saml/sso"
    if "client_id" in sent and "response_type" in sent:
        return "/oauth/authorize"
    if request.method == "POST" and "grant_type" in sent:
        return "/oauth/token"
    if "id_token_hint" in sent or "post_logout_redirect_uri" in sent:
        return "/oauth/logout"
    if "client_id" in sent and "redirect_uri" in sent:
        return "/oauth/authorize"
    if request.header("Authorization").startswith("Bearer ") and re.search(r"/(me|user|profile|userinfo)$", path):
        return "/oauth/userinfo"
    return ""


def _by_path(path: str) -> str:
    if path.endswith(("/openid-configuration", "/oauth-authorization-server", "/webfinger")):
        return _DISCOVERY
    if _is_of_saml_metadata(path.lower()):
        return "/saml/metadata"
    if _STARTS.search(path.lower()):
        return _START
    if not _PROTOCOL.search(path):
        return ""  # a plain /auth or /keys is what programs that look around ask for
    last = path.rpartition("/")[2].lower()
    return next((meant for pattern, meant in _LAST if re.fullmatch(pattern, last)), "")


def _is_of_saml_metadata(path: str) -> bool:
    # One look from left to right each: “saml.*metadata” looks from every “saml” to the end.
    named = "metadata" in path.partition("saml")[2] or "federationmetadata" in path
    return named or path.endswith(_SAML_METADATA)


def explained(request: Request, strayed: Strayed, issuer: str) -> tuple[str, Explanation]:
    """What its developer may read, and what an admin does under the id."""
    name, field = ENDPOINTS[strayed.path]
    ours, known = issuer + strayed.path, issuer + _DISCOVERY
    told = f"There is no endpoint at {request.shown_path[:200]}; {name} is {ours}"
    if strayed.path == _START:
        fix = (
            f"Mend the link or bookmark: a sign-in that begins here has the address {ours}, with the application's id "
            "(doorward client list), where it may begin here: doorward client set CLIENT_ID allow_idp_initiated=true"
        )
    elif strayed.path.startswith("/saml/"):
        fix = f"Set the address of {name} in the application to {ours}, or let it read {issuer}/saml/metadata anew."
    elif strayed.path == _DISCOVERY:
        fix = (
            f"Set the issuer in the application to {issuer}, with nothing behind it: its discovery document is {known}."
        )
    else:
        fix = f"Set {name} in the application to {ours}, or give it the issuer {issuer} alone: it finds all by {known}."
    expected = issuer if strayed.path == _DISCOVERY else ours
    return told, Explanation("application", fix, field, expected, request.shown_path)


def refusal(request: Request, strayed: Strayed, issuer: str, client_id: str | None) -> Refused | OAuthError:
    """An error for the program that asks, or for the page of whoever was sent here."""
    told, explanation = explained(request, strayed, issuer)
    detail = f"{request.method} {request.shown_path}, client_id {client_id or shown_id(strayed.client_id) or 'none'}"
    if strayed.path in _OF_PROGRAMS:
        return OAuthError(
            "invalid_request", told, status=404, detail=detail, client_id=client_id or "", fix=explanation.fix,
            field=explanation.field, expected=explanation.expected, got=explanation.got,
            kind="wrong_endpoint",
        )  # fmt: skip
    return Refused(
        "wrong_endpoint", N_("The application sent you to an address that does not exist here."), status=404,
        title=N_("This sign-in cannot go on"), developer=told, detail=detail, client_id=client_id,
        advice=N_("Nothing is wrong with your account. Tell whoever runs the application, with the error id below."),
        explanation=explanation,
    )  # fmt: skip
