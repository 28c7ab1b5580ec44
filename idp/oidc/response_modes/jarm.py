"""The JWT forms of the response modes: the answer as one signed parameter, `response` (JARM §2.3)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from idp.oidc.response_modes.sending import Answer
from idp.wire import Response

LIFETIME = 600  # seconds; JARM §2.1: at most ten minutes are recommended


def signed(send: Callable[[Answer], Response]) -> Callable[[Answer], Response]:
    """The same mode, with what it would send in a JWT of ours for the client."""

    def send_signed(answer: Answer) -> Response:
        return send(replace(answer, parameters=[("response", answer.sign(answer.parameters))]))

    return send_signed
