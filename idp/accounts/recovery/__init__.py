"""Getting back in: a forgotten password or username by mail, and the recovery address and number of a person.

Door: `resets` and `usernames` (asked for by anybody, answered alike), `contacts` (changed by the person, undone by
the old address). Rule: whether a name exists is looked up by a job, so that no page can tell by text, status or time.
"""

from functools import partial
from typing import TYPE_CHECKING

from idp.accounts.recovery import contacts, resets, usernames

if TYPE_CHECKING:
    from idp.accounts.services import Services

__all__ = ["contacts", "register", "resets", "usernames"]


def register(services: "Services") -> None:
    """Let the queue know the jobs."""
    for job in (resets, usernames):
        services.jobs.register(job.JOB, partial(job.perform, services), retries=5, retry_delay=5.0)
