"""The address of an account, as an admin changes it: told where it was before, and where it is now.

It is the company's word: links for a new password and security mails go there at once. Whether its person reads it is
another matter, which applications are told as `email_verified`: it is true once a mailed link or code was used, or an
admin says so.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Unpack

from idp import mail
from idp.accounts.effects import Changes
from idp.accounts.person import Person, fold
from idp.audit import Recorder

if TYPE_CHECKING:
    from idp.accounts.services import Services
    from idp.db import Transaction


def update(
    services: Services, before: Person, *, merge: Mapping[str, Any], record: Recorder, as_of: float | None = None,
    **changes: Unpack[Changes],
) -> tuple[Person, mail.Told]:  # fmt: skip
    """`Directory.update`, and both addresses hear of a new one in its transaction; who was told stands beside."""
    told = [mail.Told()]

    def tell(tx: Transaction, after: Person) -> None:
        told.append(tell_changed(services, before, tx, after))

    after = services.directory.update(before.id, merge=merge, record=record, told=tell, as_of=as_of, **changes)
    return after, told[-1]


def tell_changed(services: Services, before: Person, tx: Transaction, after: Person) -> mail.Told:
    """Tell both addresses, in the transaction by which links to the old one are void; nothing where it stayed.

    The old one, where it was confirmed, is the mailbox that the person is known to read, and gets a link that can only
    restrict the account (A3). Any other may be a typing mistake, somebody else's: it is told, and gets no link.
    """
    if fold(before.email or "") == fold(after.email or ""):
        return mail.Told()
    values = {"new": mail.masked_address(after.email) if after.email else "", "time": services.clock()}
    told = mail.tell(services, after, "address_changed", values, tx=tx)
    if before.email and before.email_verified:
        mail.tell(services, replace(after, email=before.email), "address_changed", values, tx=tx)
    elif before.email:
        mail.tell_gone(services, after, before.email, "address_changed", values, tx=tx)
    return told
