"""What to paste into an application after it was registered."""

from __future__ import annotations

from clients import offered
from clients.client import Client
from clients.offered import DEVICE_CODE

_SHOWN_ONCE = "(shown once, when it was made)"


def snippet(client: Client, secret: str | None, issuer: str) -> str:
    """Lines for the app's configuration, then a few of code. `issuer` without a trailing slash."""
    code = {"machine": _curl, "spa": _browser, "native": _native}.get(client.profile, _flask)
    if DEVICE_CODE in client.oidc.grant_types and "authorization_code" not in client.oidc.grant_types:
        code = _device
    return "\n".join([*_environment(client, secret, issuer), "", *code(client, issuer)]) + "\n"


def _environment(client: Client, secret: str | None, issuer: str) -> list[str]:
    lines = [
        f"OIDC_ISSUER={issuer}",
        f"OIDC_DISCOVERY_URL={issuer}/.well-known/openid-configuration",
        f"OIDC_CLIENT_ID={client.id}",
    ]
    if "client_secret_basic" in client.oidc.auth_methods:
        lines.append(f"OIDC_CLIENT_SECRET={secret or _SHOWN_ONCE}")
    lines += [f"OIDC_REDIRECT_URI={uri}" for uri in client.metadata.get("redirect_uris", ())[:1]]
    lines += [
        f"OIDC_POST_LOGOUT_REDIRECT_URI={uri}" for uri in client.metadata.get("post_logout_redirect_uris", ())[:1]
    ]
    if client.oidc.scopes:
        lines.append(f'OIDC_SCOPE="{_scope(client)}"')
    return lines


def _redirect_uri(client: Client) -> str:
    """The first; one that was left for later has none yet."""
    return next(iter(client.metadata.get("redirect_uris", ())), "")


def _scope(client: Client) -> str:
    """A modest first scope, out of those allowed; all of them where they are the app's own."""
    return " ".join(client.oidc.allowed_scope(("openid", "profile", "email"))) or " ".join(sorted(client.oidc.scopes))


def _flask(client: Client, issuer: str) -> list[str]:
    if "private_key_jwt" in client.oidc.auth_methods:
        audience = f'with "aud": "{issuer}" and "typ": "client-authentication+jwt"'
        return [f"# The app proves itself by private_key_jwt: sign a JWT with its own key, {audience}."]
    if offered.AUTH_METHODS[client.oidc.auth_methods[0]].tls:
        where = "its client_id in the form, to the addresses of mtls_endpoint_aliases where the metadata have them"
        return [
            f"# The app proves itself by its certificate ({client.oidc.auth_methods[0]}): it sends that and {where}."
        ]
    pkce = ', "code_challenge_method": "S256"' if client.oidc.require_pkce else ""
    return [
        "# Flask with Authlib:  pip install flask authlib requests",
        "import os",
        "from authlib.integrations.flask_client import OAuth",
        "",
        "oauth = OAuth(app)",
        "oauth.register(",
        '    "doorward",',
        '    server_metadata_url=os.environ["OIDC_DISCOVERY_URL"],',
        '    client_id=os.environ["OIDC_CLIENT_ID"],',
        '    client_secret=os.environ["OIDC_CLIENT_SECRET"],',
        f'    client_kwargs={{"scope": "{_scope(client)}"{pkce}}},',
        ")",
        '# log in:    return oauth.doorward.authorize_redirect(os.environ["OIDC_REDIRECT_URI"])',
        "# come back: token = oauth.doorward.authorize_access_token(); person = oauth.doorward.userinfo(token=token)",
    ]


def _curl(client: Client, issuer: str) -> list[str]:
    if "private_key_jwt" in client.oidc.auth_methods:
        return _flask(client, issuer)
    lines = ["# A token for the program itself:", 'curl -u "$OIDC_CLIENT_ID:$OIDC_CLIENT_SECRET" \\']
    if offered.AUTH_METHODS[client.oidc.auth_methods[0]].tls:
        lines = [*_flask(client, issuer), 'curl --cert app.pem --key app.key -d client_id="$OIDC_CLIENT_ID" \\']
    lines.append("  -d grant_type=client_credentials \\")
    if client.oidc.scopes:
        lines.append('  --data-urlencode "scope=$OIDC_SCOPE" \\')
    return [*lines, f"  {issuer}/oauth/token"]


def _browser(client: Client, issuer: str) -> list[str]:
    return [
        "// oidc-client-ts:  npm install oidc-client-ts",
        'import { UserManager } from "oidc-client-ts";',
        "const door = new UserManager({",
        f'  authority: "{issuer}",',
        f'  client_id: "{client.id}",',
        f'  redirect_uri: "{_redirect_uri(client)}",',
        f'  scope: "{_scope(client)}",',
        "});",
        "// log in: door.signinRedirect();   come back: const user = await door.signinCallback();",
    ]


def _native(client: Client, issuer: str) -> list[str]:
    return [
        "# AppAuth (Android, iOS, desktop): code flow with PKCE in the system browser, no secret",
        f"issuer={issuer}",
        f"client_id={client.id}",
        f"redirect_uri={_redirect_uri(client)}",
        f"scope={_scope(client)}",
    ]


def _device(client: Client, issuer: str) -> list[str]:
    if "private_key_jwt" in client.oidc.auth_methods:
        return _flask(client, issuer)
    proof = '-d "client_id=$OIDC_CLIENT_ID"' if client.oidc.is_public else '-u "$OIDC_CLIENT_ID:$OIDC_CLIENT_SECRET"'
    return [
        "# Ask for a code, show user_code and verification_uri, then ask every 5 seconds until somebody has answered:",
        f'curl {proof} --data-urlencode "scope=$OIDC_SCOPE" {issuer}/oauth/device',
        f"curl {proof} -d grant_type={DEVICE_CODE} \\",
        f"  -d device_code=... {issuer}/oauth/token",
    ]
