"""What somebody typed on the sign-in page, kept in the next page while something else has to happen first.

Nobody types a right password twice for our sake: a check for programs, or a queue that was full. It travels sealed in
the page and bound to the browser, for ten minutes; here nothing is stored, as for every visitor who has proven nothing.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field

from idp import browser
from idp.accounts.passwords import MAX_LENGTH
from idp.accounts.person import MAX_LOGIN
from idp.login.flow import open_value, seal_value
from idp.login.services import Services
from idp.texts import N_
from idp.wire import Request

TTL = 600.0  # seconds
LATE = N_("That took longer than ten minutes. Please type your password once more.")
_PURPOSE = "held-password"


@dataclass(frozen=True, slots=True)
class Typed:
    """The form of the sign-in page, as it was filled in."""

    login: str
    password: str = field(repr=False)
    stay: bool = False
    shared: bool = False


def read(services: Services, request: Request) -> Typed:
    """What was posted; where the password was left empty, what is kept for the same name."""
    form = request.form.first
    stay, shared = bool(form.get("stay")), bool(form.get("shared"))
    typed = Typed(form.get("login", ""), form.get("password", ""), stay and not shared, shared)
    kept = None if typed.password else opened(services, request)
    return kept if kept is not None and typed.login in ("", kept.login) else typed


def seal(services: Services, request: Request, typed: Typed) -> str:
    """The value of a hidden field; '' where it is longer than any name and password."""
    if len(typed.login) > MAX_LOGIN or len(typed.password) > MAX_LENGTH:
        return ""
    value = [asdict(typed), services.clock() + TTL]
    return seal_value(services.sealer, _PURPOSE, value, browser.identify(services, request))


def is_late(services: Services, request: Request) -> bool:
    """Whether something was kept that is kept no longer."""
    return bool(request.form.get("held")) and not request.form.get("password") and opened(services, request) is None


def opened(services: Services, request: Request) -> Typed | None:
    """What is kept in this page; None for nothing, and after its ten minutes."""
    sealed = request.form.get("held") or ""
    value = open_value(services.sealer, _PURPOSE, sealed, browser.identify(services, request)) if sealed else None
    return Typed(**value[0]) if value is not None and services.clock() < value[1] else None
