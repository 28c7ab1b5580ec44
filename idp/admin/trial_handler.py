"""A trial sign-in as the sign-in engine's "application": its rules hold, and it ends on a page of ours."""

from __future__ import annotations

from typing import Any

from clients.documents.address import in_path
from idp.admin import trial
from idp.login import pages
from idp.login.browser.sessions import Ended, Session
from idp.login.flow import Flow
from idp.login.signout import Notice
from idp.oidc import agreeing
from idp.protocols import Services
from idp.saml.assertions import attribute_titles, issuing
from idp.wire import Redirect, Request, Response


class TrialHandler:
    """The application's factors, access rule and consent as they stand; nothing of it leaves this house."""

    is_trial = True

    def finish(self, services: Services, request: Request, flow: Flow, session: Session) -> Response:
        """Proven and agreed: to the page that shows what would be sent. How they were proven is kept for it."""
        trial.keep(services, session.person_id, flow.client_id, session.methods, session.auth_time)
        return Redirect(location=services.url(f"{_path(flow)}?ended=done#sent"))

    def deny(self, services: Services, request: Request, flow: Flow, reason: Any) -> Response:
        """The application would be told no."""
        ended = reason.code if reason.code in _WORDED else "denied"
        return Redirect(location=services.url(f"{_path(flow)}?ended={ended}#sign-in"))

    def restart_url(self, services: Services, flow: Flow) -> str:
        """The same trial again."""
        return services.url(f"/admin/apps/{in_path(flow.client_id)}/sign-in")

    def request_name(self, flow: Flow) -> str:
        """It can be made again and again."""
        return ""

    def is_one_time(self, flow: Flow) -> bool:
        """It is never answered for good."""
        return False

    def start_url(self, services: Services, flow: Flow) -> str:
        """The application's page here."""
        return services.url(_path(flow))

    def purpose(self, flow: Flow) -> str:
        """The application is named."""
        return ""

    def describe_consent(self, services: Services, flow: Flow, session: Session, locale: str) -> list[dict[str, Any]]:
        """What the application's own consent page names."""
        client = services.registry.get(flow.client_id)
        if client.saml is None:
            return agreeing.described(services, client.id, flow.scopes, locale)
        released = issuing.preview(services, client, session, None)
        return attribute_titles.described(released, flow.scopes, services.registry.attributes(), locale)

    def asked_elsewhere(self, services: Services, flow: Flow) -> None:
        """Whoever sees the page has begun it in this very browser."""

    def notices(self, services: Services, session: Session | Ended) -> list[Notice]:
        """The application knows of nobody by it."""
        return []

    def hop(self, services: Services, notice: Notice, chain: str, at: int) -> None:
        """Nor is there anywhere to go."""

    def conclude(self, services: Services, request: Request, values: Any, *, complete: bool) -> Response:
        """Nobody waits for an answer."""
        return pages.signed_out(services, ())


HANDLER = TrialHandler()
#: Ends that the page has words for.
_WORDED = ("access_denied", "login_required", "unmet_authentication_requirements", "consent_required")


def _path(flow: Flow) -> str:
    return f"/admin/apps/{in_path(flow.client_id)}/test"
