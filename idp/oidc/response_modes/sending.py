"""An authorization response on its way to the application, before its mode has given it a form."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from idp.wire import Redirect


@dataclass(frozen=True, slots=True)
class Answer:
    """What goes back, and where. `is_posted`: the browser came here by a POST; `sign`: makes a JWT of parameters."""

    redirect_uri: str
    parameters: list[tuple[str, str]]
    app_name: str
    is_posted: bool
    sign: Callable[[list[tuple[str, str]]], str]


def back(answer: Answer, location: str) -> Redirect:
    """RFC 9700 §4.12: after a POST 303, so that a browser never posts the password on."""
    return Redirect(location=location, status=303 if answer.is_posted else 302)
