"""Whether people can sign in, for everybody, also for who cannot (M3); nothing that helps a stranger.

What is behind it (database, keys, a provider's answer) stands in `/readyz`, the metrics and the log.
"""

from __future__ import annotations

from idp import health
from idp.federation import outages
from idp.protocols import Services
from idp.wire import Page, Request, Response


def show(services: Services, request: Request) -> Response:
    """GET /status: it works or not, since when; what the operator tells; providers that do not answer.

    Nobody is recognised: that would ask the database, and whoever has lost it reads this page. What is told is read by
    one of those who ask, now and then; how providers stand is asked only while all is well.
    """
    request.learn(person_claims="{}")
    standing = services.part(health.Watch).standing(services)
    down = () if standing.failing else outages.outages_of(services)
    values = {
        "standing": standing, "outages": down, "now": services.clock(), "here": services.url("/status"),
        "notices": tuple(told for told in services.notices.shown("status") if not told.client_id),
    }  # fmt: skip
    return Page(template="login/status.html", status=503 if standing.failing else 200, values=values)
