"""What commands say of mails: what became of them, and never more than that."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from idp.accounts.invitations import Invited
    from idp.mail import Told
    from idp.protocols import Services

OUTBOX = "no mail server is set, so mail stays in this machine's outbox: `doorward mail outbox`"


def of_mail(services: Services, told: Told, who: str) -> str:
    """A sentence about a mail to somebody: where it is going, or that nobody was told and why."""
    from idp import mail

    if not told.to:
        return f"Nobody was told by mail: {told.why.replace('the person', who)}. Tell {who} yourself."
    if not mail.leaves(services):
        return f"Nobody was told by mail: {OUTBOX}. Tell {who} yourself."
    return f"A mail that says so is on its way to {' and '.join(told.to)}; it leaves while `doorward serve` runs."


def of_link(services: Services, told: Told, who: str) -> str:
    """A sentence about a mailed link."""
    from idp import mail

    if not mail.leaves(services):
        return f"The link for {who} reaches nobody yet: {OUTBOX}."
    where = " and ".join(told.to)
    return f"The link for {who} is on its way to {where}; it leaves while `doorward serve` runs, and soon runs out."


def of_invitation(invited: Invited, who: str) -> str:
    """A sentence about a mailed invitation."""
    if invited.said:
        return f"The invitation was mailed to {invited.to}: the mail server said {invited.said}."
    if invited.to:
        return (
            f"The invitation to {invited.to} has not left yet: {invited.why}. It is tried again for a day, while "
            "`doorward serve` runs."
        )
    return f"Nothing was mailed to {who}: {invited.why}."
