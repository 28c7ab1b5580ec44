"""What is looked for in a request, by its kind: one function a finding, one row here.

A new finding is a function `Seen -> Iterator[Finding]` in a file of its own, and its row. Rule: what it tells is passed
on to whoever runs the application: no secret, no token, nothing of the person who signed in.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from idp.answers.findings import (
    access,
    access_token,
    acs,
    authn_context,
    certificate,
    claims,
    client_assertion,
    client_authentication,
    client_id,
    clock,
    code,
    destination,
    issuer,
    logout,
    loop,
    name_id,
    nonce,
    origin,
    pkce,
    prompt,
    redirect_uri,
    refresh_token,
    request_object,
    response_type,
    scope,
    signature,
    token_request,
    unexplained,
)
from idp.answers.seen import Look, NamelessLook

_AUTHENTICATION: Final = (client_id.at_an_endpoint, client_authentication.look, client_assertion.look, certificate.look)

LOOKS: Final[Mapping[str, tuple[Look, ...]]] = {
    "authorize": (
        loop.look, client_id.in_the_browser, request_object.look, redirect_uri.look, response_type.look, scope.look,
        pkce.challenge, nonce.look, prompt.look, access.look,
    ),
    "par": (
        *_AUTHENTICATION, request_object.look, redirect_uri.look, response_type.look, scope.look, pkce.challenge,
        nonce.look, prompt.look,
    ),
    "answer": (loop.look, access.look, name_id.look, claims.attributes),
    "token": (
        origin.look, *_AUTHENTICATION, token_request.look, code.look, refresh_token.look, pkce.verifier,
        claims.in_the_id_token,
    ),
    "userinfo": (origin.look, access_token.look, certificate.look, claims.in_userinfo),
    "introspect": _AUTHENTICATION,
    "revoke": (origin.look, *_AUTHENTICATION),
    "logout": (logout.look,),
    "sso": (
        loop.look, issuer.look, acs.look, signature.look, clock.look, destination.look, name_id.look,
        authn_context.look, access.look, claims.attributes,
    ),
    "slo": (issuer.look, signature.look, clock.look, destination.look),
}  # fmt: skip
#: What can be told of a request without knowing whose it is; these look first.
NAMELESS_LOOKS: Final[Mapping[str, tuple[NamelessLook, ...]]] = {
    "authorize": (client_id.nameless,),
    "userinfo": (access_token.look,),
    "logout": (logout.nameless,),
    "sso": (issuer.nameless,),
    "slo": (issuer.nameless,),
}
#: Those that look at no parameter: what is left where an authorization request was pushed, and is gone, or cannot be
#: read.
OF_NO_PARAMETER: Final = frozenset((loop.look, access.look, request_object.look))
#: For an error that no row above knows: the endpoint's own words.
UNEXPLAINED: Final[NamelessLook] = unexplained.look
