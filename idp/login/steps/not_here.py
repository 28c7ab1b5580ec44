"""What somebody is told whom a sign-in rule does not let in from here: that there is a rule, and whom to ask."""

from __future__ import annotations

from shlex import quote

from idp.errors import Explanation, Refused
from idp.login.flow import Flow
from idp.login.requirements import Need
from idp.login.services import Services
from idp.texts import N_
from idp.wire import Request


def refusal(services: Services, request: Request, flow: Flow, username: str, need: Need) -> Refused:
    """The page. An application that could only ask again does not hear of it; the silent request does."""
    rule = need.rule
    name = f"“{rule.name}” ({rule.id})" if rule is not None and rule.name else f"{getattr(rule, 'id', '')}"
    where = f"--app {quote(flow.client_id)} " if flow.client_id else ""
    fix = (
        f"The sign-in rule {name} lets nobody in here. What it asks: doorward rule show {getattr(rule, 'id', '')} – "
        f"what else holds: doorward rule simulate {quote(username)} {where}--address {request.remote_address}"
    )
    return Refused(
        "not_from_here", need.why or N_("Your company lets you sign in here only under certain conditions."),
        title=N_("You cannot sign in from here"),
        advice=N_("Try it from where you usually work, or ask an admin of your company."),
        detail=f"{username} from {request.remote_address}: rule {name}", client_id=flow.client_id or None,
        explanation=Explanation("doorward", fix), status=403,
    )  # fmt: skip
