"""What runs by itself once in a period runs on an installation of today: a fault there is in the log alone."""

from __future__ import annotations

from idp import background
from tests.provider import Provider


def test_everything_that_is_done_in_periods_can_be_done(provider: Provider) -> None:
    services = provider.services
    provider.sign_in(provider.browser(), provider.add_client("CRM"), provider.add_person("ann").username)
    background.schedule(services)
    assert {"people.batches", "reviews", "sweep", "keys.tick", "attention"} <= set(services.jobs.periodic)
    for name in services.jobs.periodic:
        services.jobs.perform(name, {})
    for _, work in background.EVERY_SECOND:
        work(services)
