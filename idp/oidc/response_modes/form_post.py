"""form_post: a form that posts itself to the redirect URI (OAuth 2.0 Form Post Response Mode)."""

from __future__ import annotations

from idp.oidc.response_modes.sending import Answer
from idp.wire import AutoPost, Response


def send(answer: Answer) -> Response:
    """A page with the form."""
    return AutoPost(action=answer.redirect_uri, fields=tuple(answer.parameters), app_name=answer.app_name)
