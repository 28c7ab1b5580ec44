"""Every row of the API. What is not in `OPERATIONS` does not exist, so none is without its permission (S59)."""

from __future__ import annotations

from typing import Final

from idp.api import (
    about,
    activity,
    approvals,
    attributes,
    break_glass,
    cases,
    client_hosts,
    details_types,
    group_history,
    groups,
    invitations,
    messages,
    overview,
    registration,
    registrations,
    settings,
    signing_keys,
    streams,
)
from idp.api.applications import checking, past, signals, symptoms
from idp.api.applications.rows import OPERATIONS as APPLICATIONS
from idp.api.batches.rows import OPERATIONS as BATCHES
from idp.api.operations import Operation
from idp.api.people.joining import OPERATIONS as JOINING
from idp.api.people.rows import OPERATIONS as PEOPLE
from idp.api.providers.rows import OPERATIONS as PROVIDERS
from idp.api.provisioning.rows import OPERATIONS as PROVISIONING
from idp.api.reviews.rows import OPERATIONS as REVIEWS
from idp.api.rules.rows import OPERATIONS as RULES

OPERATIONS: Final[tuple[Operation, ...]] = (
    *about.OPERATIONS,
    *APPLICATIONS,
    *past.OPERATIONS,
    *checking.OPERATIONS,
    *symptoms.OPERATIONS,
    *PROVISIONING,
    *signals.OPERATIONS,
    *registration.OPERATIONS,
    *client_hosts.OPERATIONS,
    *attributes.OPERATIONS,
    *details_types.OPERATIONS,
    *PEOPLE,
    *registrations.OPERATIONS,
    *invitations.OPERATIONS,
    *JOINING,
    *BATCHES,
    *groups.OPERATIONS,
    *group_history.OPERATIONS,
    *cases.OPERATIONS,
    *REVIEWS,
    *RULES,
    *PROVIDERS,
    *activity.OPERATIONS,
    *streams.OPERATIONS,
    *overview.OPERATIONS,
    *messages.OPERATIONS,
    *signing_keys.OPERATIONS,
    *settings.OPERATIONS,
    *break_glass.OPERATIONS,
    *approvals.OPERATIONS,
)
