"""A device's end of the sign-in conversation: somebody approved it, or refused, in a browser that is not the device."""

from __future__ import annotations

from typing import Any

from idp.audit import Event, conversation_of, record
from idp.login.authn import SUPPORTED_ACR
from idp.login.browser import sessions
from idp.login.browser.sessions import Ended, Session
from idp.login.flow import Demands, Flow
from idp.login.services import Elsewhere
from idp.login.signout import Notice
from idp.login.steps import Deny
from idp.oidc import authorization_details, claims_parameter
from idp.oidc.claims import scopes_of, to, wanted_acr
from idp.oidc.decoupled import asking, pending, user_codes
from idp.oidc.decoupled.pending import Pending
from idp.oidc.ledger import Grant
from idp.oidc.protocol_handler import ProtocolHandler
from idp.protocols import Services
from idp.showing import shown_app
from idp.wire import Page, Redirect, Request, Response, with_parameters

PROTOCOL = "device"
PATH = "/device"


def flow_of(services: Services, asked: Pending) -> Flow:
    """The request in the words of the sign-in engine: its application's own rules hold, and the person is asked.

    RFC 8628 §5.4, RFC 8252 §8.6: nobody can tell which program on which device it is, so no earlier yes counts.
    """
    client, now = services.registry.get(asked.client_id), services.clock()
    named = dict.fromkeys(asked.scope.split())
    for part in claims_parameter.members(asked.claims):
        named |= dict.fromkeys(scopes_of(part, to(services, client)))
    return Flow(
        protocol=PROTOCOL,
        client_id=asked.client_id,
        request={"id": asked.id, "user_code": asked.user_code, **({"details": asked.details} if asked.details else {})},
        demands=Demands(
            max_age=asked.max_age,
            unproven=True,
            subject=asked.person_id or None,
            strength=claims_parameter.essential_acr(asked.claims),
            preferred=tuple(value for value in wanted_acr(asked.claims) if value in SUPPORTED_ACR),
        ),
        scopes=(*named, *authorization_details.names(asked.details)),
        started_at=now,
    )


class DeviceHandler(ProtocolHandler):
    """The other end is a program that waits; the browser ends on a page of ours."""

    def finish(self, services: Services, request: Request, flow: Flow, session: Session) -> Response:
        """Approved: the device may fetch its tokens."""
        asked = _open(services, flow)
        if asked is None:
            return self._page(services, flow, "over")
        grant = _grant(services, asked, session)
        if not _say(services, asked, session, grant):
            return self._page(services, flow, self._said(services, asked, session))
        _record(services, request, "device:approved", asked, session, {"scopes": asked.scope})
        return self._page(services, flow, "approved")

    def deny(self, services: Services, request: Request, flow: Flow, reason: Deny) -> Response:
        """RFC 8628 §3.5: access_denied is told for somebody's own no alone; who broke off has said none."""
        session, asked = sessions.current(services, request), _open(services, flow)
        if asked is None:
            return self._page(services, flow, "over")
        if reason.cause != "declined" or session is None:
            start = asking.PATH if asked.is_ours_to_ask else PATH
            return Redirect(location=services.url(start if reason.cause == "cancelled" else "/"))
        if not _say(services, asked, session, None):
            return self._page(services, flow, self._said(services, asked, session))
        _record(services, request, "device:refused", asked, session, {})
        return self._page(services, flow, "refused")

    def restart_url(self, services: Services, flow: Flow) -> str:
        """The page with the code, which asks once more; or the list of what waits."""
        code = user_codes.shown(str(flow.request["user_code"])) if flow.request["user_code"] else ""
        if not code:
            return services.url(asking.PATH)
        return with_parameters(services.url(PATH), [("user_code", code)])

    def request_name(self, flow: Flow) -> str:
        """Its id."""
        return str(flow.request["id"])

    def is_one_time(self, flow: Flow) -> bool:
        """A code is answered once."""
        return True

    def start_url(self, services: Services, flow: Flow) -> str:
        """Nowhere: it begins on the device."""
        return ""

    def asked_elsewhere(self, services: Services, flow: Flow) -> Elsewhere | None:
        """The device, with its code to compare (RFC 8628 §3.3.1)."""
        asked = pending.find(services, str(flow.request["id"]))
        if asked is None:
            return None
        if asked.is_ours_to_ask:  # an application's server asks; where its person is, it does not say
            return Elsewhere(asked.message, "", "", asked.asked_at)
        return Elsewhere(user_codes.shown(asked.user_code), asked.browser, asked.address, asked.asked_at)

    def notices(self, services: Services, session: Session | Ended) -> list[Notice]:
        """The handler of OpenID Connect knows who holds tokens of a session, whichever grant gave them."""
        return []

    def _said(self, services: Services, asked: Pending, session: Session) -> str:
        """What was answered before: told to whoever said it, who has loaded the page again."""
        said = pending.said(services, asked.id)
        if said is None or said.person_id != session.person_id:
            return "answered"
        return "approved" if said.grant is not None else "refused"

    def _page(self, services: Services, flow: Flow, became: str) -> Page:
        app = shown_app(services, services.registry.find(flow.client_id))
        is_device = bool(flow.request["user_code"])
        here = services.url(PATH if is_device else asking.PATH)
        values: dict[str, Any] = {"app": app, "became": became, "is_device": is_device, "here": here}
        return Page(template="login/device_done.html", values=values)


HANDLER = DeviceHandler()


def _open(services: Services, flow: Flow) -> Pending | None:
    asked = pending.find(services, str(flow.request["id"]))
    return None if asked is None or pending.is_over(services, asked) else asked


def _say(services: Services, asked: Pending, session: Session, grant: Grant | None) -> bool:
    """Answer it, once; whoever waits to be told is."""
    # Whom CIBA asks was said in the request; where the hint meant nobody, nobody answers.
    if asked.person_id != session.person_id and (asked.person_id or asked.is_ours_to_ask):
        return False
    is_first = pending.say(services, asked, session.person_id, grant)
    if is_first and asked.is_ours_to_ask:
        asking.answered(services, asked)
    return is_first


def _grant(services: Services, asked: Pending, session: Session) -> Grant:
    """What the person gave. Nothing of it came by a browser, so there is no redirect URI and no challenge."""
    return Grant(
        id=asked.id,
        code_hash=asked.secret_hash,
        client_id=asked.client_id,
        person_id=session.person_id,
        session_id=session.id,
        redirect_uri="",
        scope=asked.scope,
        nonce="",
        challenge="",
        claims=asked.claims,
        resource=asked.resource,
        auth_time=session.auth_time,
        methods=" ".join(session.methods),
        offline="offline_access" in asked.scope.split(),
        issued_at=services.clock(),
        details=asked.details,
    )


def _record(
    services: Services, request: Request, action: str, asked: Pending, session: Session, detail: dict[str, Any]
) -> None:
    """Who let which device in, and where that is: for its person and the admins."""
    about = {"browser": asked.browser, "device_address": asked.address, **detail, **conversation_of(request)}
    event = Event(
        action, actor=session.person_id, person_id=session.person_id, client_id=asked.client_id, session_id=session.id,
        address=request.remote_address, request_id=request.id, detail=about,
    )  # fmt: skip
    record(services.db, event, services.clock())
