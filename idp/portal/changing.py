"""What every change of somebody's ways to sign in has after it: a mail."""

from __future__ import annotations

from idp.accounts.person import Person
from idp.login.recording import circumstances
from idp.protocols import Services
from idp.wire import Request


def tell(
    services: Services, request: Request, person: Person, message: str, kind: str, label: str, *, unasked: bool = False
) -> None:
    """The mail about a factor that came or went (A5). `unasked`: the browser made it without a question (T2)."""
    from idp import mail

    values = {"kind": kind, **({"unasked": True} if unasked else {}), **circumstances(services, request)}
    mail.tell(services, person, message, {**values, "label": label} if label else values)
