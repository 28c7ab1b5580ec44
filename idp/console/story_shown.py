"""The story of an error as pages show it: its steps, who else is hit, what changed before."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from idp.admin import conversation, surroundings
from idp.admin.actor import Actor
from idp.admin.conversation import Step
from idp.admin.surroundings import Before, Others
from idp.answers.durations import length
from idp.audit import Event
from idp.protocols import Services
from idp.texts import N_

KINDS: Final = {
    "authorize": N_("The application sent the browser here"),
    "authn_request": N_("The application sent the browser here"),
    "page": N_("The sign-in page was shown"),
    "proof": N_("Password, passkey or another factor"),
    "access": N_("May the person open it?"),
    "consent": N_("The person was asked for consent"),
    "code": N_("The application got a code"),
    "token": N_("Its server redeems the code"),
    "userinfo": N_("It asks for the person’s claims (userinfo)"),
    "response": N_("The application got a Response"),
    "sign_out": N_("Sign-out"),
}
STATUS: Final = {
    "well": N_("went well"),
    "passed": N_("must have gone well, as the next step needs it; it has no record of its own"),
    "failed": N_("failed"),
    "broke": N_("it broke here"),
    "stopped": N_("it stopped here, as the rule says"),
    "later": N_("went well later"),
    "unrecorded": N_("not recorded"),
    "ahead": N_("not reached"),
}


@dataclass(frozen=True, slots=True)
class Story:
    """`changes`: each with how long before it was."""

    steps: tuple[Step, ...]
    others: Others | None
    changes: tuple[tuple[Before, str], ...]


def of(services: Services, actor: Actor, event: Event) -> Story:
    """All of an error, or of a proof that failed."""
    others = surroundings.others(services, actor, event)
    since = others.since if others is not None else event.at
    changes = surroundings.before(services, actor, event, since)
    steps = conversation.of_event(services, actor, event)
    return Story(steps, others, tuple((one, length(one.seconds)) for one in changes))
