"""What a step shows of a request: names and switches that open nothing. A code, token, secret or name is never here."""

from __future__ import annotations

import json
from base64 import b64decode, urlsafe_b64decode
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from idp.answers.seen import Seen
from idp.oidc import client_auth
from idp.saml.messages import names
from idp.saml.messages.xml import BadXml, parse
from idp.wire import AutoPost, Json, Raw, Redirect, Response

_MAX = 200
SENT = "sent to the application"


def of(seen: Seen) -> Mapping[str, str]:
    """The facts of a step, by the names that the standards have for them."""
    found: dict[str, str | None] = {}
    if seen.kind == "authorize":
        found = {name: seen.sent.get(name) for name in ("response_type", "response_mode", "scope", "prompt")}
        found["PKCE"] = (seen.sent.get("code_challenge_method") or "plain") if "code_challenge" in seen.sent else "no"
    elif seen.kind == "token":
        found = {"grant_type": seen.sent.get("grant_type"), "client authentication": client_auth.named(seen.request)[1]}
    elif seen.kind == "userinfo":
        found = {"claims": ", ".join(sorted(claims_sent(seen.response)))}
    elif seen.asked is not None:
        policy = seen.asked.policy
        found = {
            "binding": "POST" if seen.request.method == "POST" else "Redirect",
            "signed": "yes" if seen.received is not None and is_signed(seen) else "no",
            "NameID format": policy.format if policy is not None else None,
        }
    if is_answer(seen.response):
        found["answer"] = "error" if is_error(seen.response) else SENT
    return {name: value[:_MAX] for name, value in found.items() if value}


def is_signed(seen: Seen) -> bool:
    """Whether a SAML message bears a signature, right or wrong."""
    return seen.received is not None and (
        seen.received.signature is not None or names.DS.encode() in seen.received.message
    )


def is_answer(response: Response | None) -> bool:
    """Whether it leads back to the application, with what was asked for or an error."""
    if isinstance(response, AutoPost):
        return True
    return isinstance(response, Redirect) and bool({"code", "error"} & _answered(response).keys())


def is_error(response: Response | None) -> bool:
    """Whether the application is told no."""
    if isinstance(response, Redirect):
        return "error" in _answered(response)
    if isinstance(response, AutoPost):
        fields = dict(response.fields)
        return "error" in fields or ("SAMLResponse" in fields and not _is_success(fields["SAMLResponse"]))
    return response is not None and response.status >= 400


def _answered(response: Redirect) -> dict[str, str]:
    parts = urlsplit(response.location)
    return dict(parse_qsl(parts.query) + parse_qsl(parts.fragment))


def _is_success(message: str) -> bool:
    return names.SUCCESS.encode() in b64decode(message)


def claims_sent(response: Response | None) -> frozenset[str]:
    """The names of the claims that userinfo, or an ID token of the token endpoint, has just told."""
    body: Any = {}
    if isinstance(response, Json):
        body = response.body
        if "access_token" in body:
            body = _payload(str(body.get("id_token") or ""))
    elif isinstance(response, Raw):
        body = _payload(response.body.decode("ascii", "replace"))
    return frozenset(body) if isinstance(body, Mapping) else frozenset()


def _payload(token: str) -> Any:
    part = token.split(".")[1] if token.count(".") == 2 else ""
    try:
        return json.loads(urlsafe_b64decode(part + "=" * (-len(part) % 4))) if part else {}
    except ValueError:
        return {}


def attributes_sent(response: Response | None) -> frozenset[str] | None:
    """Names of the attributes in an assertion that has just been sent; None where there is none that can be read."""
    message = dict(response.fields).get("SAMLResponse") if isinstance(response, AutoPost) else None
    if not message:
        return None
    try:
        root = parse(b64decode(message))
    except (BadXml, ValueError):
        return None
    if root.find(f".//{{{names.SAML}}}Assertion") is None:
        return None
    found = set()
    for one in root.iter(f"{{{names.SAML}}}Attribute"):
        found |= {one.get("Name", ""), one.get("FriendlyName", ""), one.get("Name", "").rpartition("/")[2]}
    return frozenset(found - {""})
