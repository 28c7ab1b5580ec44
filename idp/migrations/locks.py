"""How long a migration may hold up whoever uses the tables: PostgreSQL's `lock_timeout`."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Final

from alembic import op

#: For one statement. Everybody who comes to a table after one that waits for its lock stands behind it.
WAIT: Final = "SET lock_timeout TO '1s'"


@contextlib.contextmanager
def beside_others() -> Iterator[None]:
    """For what is made CONCURRENTLY: it waits for others as long as it takes, and holds up nobody."""
    with op.get_context().autocommit_block():
        op.execute("SET lock_timeout TO 0")
        yield
        op.execute(WAIT)
