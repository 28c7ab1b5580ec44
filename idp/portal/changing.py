"""What every change of somebody's ways to sign in has after it: a mail."""

from __future__ import annotations

from idp.accounts.person import Person
from idp.db import Transaction
from idp.login.recording import circumstances
from idp.protocols import Services
from idp.wire import Request


def tell(
    services: Services, request: Request, tx: Transaction, person: Person, message: str, kind: str, label: str, *,
    unasked: bool = False,
) -> None:  # fmt: skip
    """The mail about a factor that came or went (A5), in the transaction by which it does.

    `unasked`: the browser made it without a question (T2).
    """
    from idp import language, mail

    values = {"kind": kind, **({"unasked": True} if unasked else {}), **circumstances(services, request)}
    about = {**values, "label": label} if label else values
    mail.tell(services, person, message, about, page=language.of_page(services, request), tx=tx)
