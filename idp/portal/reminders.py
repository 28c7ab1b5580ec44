"""What the person is reminded of on their own pages: a password that ends soon, an address to look at, few codes."""

from __future__ import annotations

from idp import mail
from idp.accounts import expiry
from idp.accounts.factors import backup_codes
from idp.accounts.recovery import contacts
from idp.login import authenticators
from idp.login.authn import ADMIN_CODE
from idp.login.browser.sessions import Session
from idp.protocols import Services
from idp.texts import N_, plural

REVIEW = N_("Is your recovery address still right? Please have a look.")
CONFIRM = N_("Please confirm your e-mail address: a code is sent there.")
NO_ADDRESS = N_("If you forget your password, no mail can reach you. Add a recovery address.")
ENROL = N_("A code from the help desk let you in. Set up a new second step, so that you can get in next time.")


def of(services: Services, session: Session) -> list[dict[str, str]]:
    """Each as `text` and the `path` of the page where it is settled (P3, P6)."""
    person = services.directory.get(session.person_id)
    found = []
    due = expiry.password_due(services, person, services.clock())
    if due is not None and person.has_password:
        text = plural(
            "Your password must be changed within %(n)s day.", "Your password must be changed within %(n)s days.",
            due.days or 1,
        )  # fmt: skip
        found.append({"text": text, "path": "/password"})
    if ADMIN_CODE in session.methods and authenticators.enrollable(services):
        found.append({"text": ENROL, "path": "/security"})
    if mail.is_ready(services) and not person.email_verified:
        if person.email:
            found.append({"text": CONFIRM, "path": "/security/recovery"})
        elif person.has_password and not contacts.addresses(services, person):
            found.append({"text": NO_ADDRESS, "path": "/security/recovery"})
    if contacts.review_due(services, person):
        found.append({"text": REVIEW, "path": "/recovery/review"})
    low = backup_codes.running_low(services.db, person.id)
    if low is not None:
        text = plural(
            "You have %(n)s backup code left. Make new ones.", "You have %(n)s backup codes left. Make new ones.", low
        )
        found.append({"text": text, "path": "/security/codes"})
    return found
