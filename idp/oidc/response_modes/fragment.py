"""fragment: parameters behind the redirect URI's '#', which no server sees (Multiple Response Types §2.1)."""

from __future__ import annotations

from idp.oidc.response_modes.sending import Answer, back
from idp.wire import Response, with_parameters


def send(answer: Answer) -> Response:
    """A redirect."""
    return back(answer, with_parameters(answer.redirect_uri, answer.parameters, fragment=True))
