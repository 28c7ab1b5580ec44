"""A mail server of the test's own, and a provider that sends there."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from idp.accounts.person import Person
from idp.mail.delivery import Undelivered
from tests.mail.server import MailServer
from tests.provider import Provider


@pytest.fixture
def server() -> Iterator[MailServer]:
    """A mail server without TLS: on this machine that is taken."""
    made = MailServer().start()
    yield made
    made.stop()


@pytest.fixture
def provider(open_provider: Callable[..., Provider], server: MailServer) -> Provider:
    """A provider at https://login.example that sends to that server."""
    return open_provider(mail=server.settings, brand={"company": "Example & Sons", "support": "Call 4711"})


@pytest.fixture
def ann(provider: Provider) -> Person:
    """Somebody with a verified address."""
    return provider.add_person("ann", email_verified=True)


def deliver(provider: Provider) -> int:
    """Run every waiting message's job once, as a worker does; answers how many have to be tried again."""
    services, undelivered = provider.services, 0
    for job in services.jobs.pending():
        if job.name not in ("mail", "sms"):
            continue
        try:
            services.jobs.perform(job.name, job.payload)
        except Undelivered:
            undelivered += 1
    return undelivered
