"""Work on many people that a stop has interrupted is found again. U1."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from idp.accounts import batches
from idp.accounts.batches import store
from idp.admin.batches import running
from tests.provider import Provider


def test_u1_what_has_stalled_is_looked_for_once_a_minute_and_nothing_is_found_where_nothing_is(
    provider: Provider,
) -> None:
    assert batches.stalled(provider.services.db, provider.clock()) == ()
    assert running.resume(provider.services) == 0


def test_a_list_as_one_parameter_is_refused_when_the_statement_is_made(provider: Provider) -> None:
    """It would be a syntax error at the first run: no dialect's cursor fills in what SQLAlchemy alone would."""
    statement = select(store.batches.c.id).where(store.batches.c.state.in_(("checking", "running")))
    with pytest.raises(TypeError, match="name each value"):
        provider.services.db.all(statement)
