"""People make an account themselves (U1): the address is shown to be theirs first, then the rest is asked.

Door: `terms` (where it is offered, to whom), `asking` (by anybody, answered alike), `entering` (whoever reads the
mail), `waiting` (what an admin decides). Rule: nothing of an account stands before the address is proven, and what
comes from the form of somebody unproven is never put into a mail.
"""

from functools import partial
from typing import TYPE_CHECKING

from idp.accounts.registering import asking, entering, terms, waiting

if TYPE_CHECKING:
    from idp.accounts.services import Services

__all__ = ["asking", "entering", "register", "terms", "waiting"]


def register(services: "Services") -> None:
    """Let the queue know the job."""
    services.jobs.register(asking.JOB, partial(asking.perform, services), retries=5, retry_delay=5.0)
