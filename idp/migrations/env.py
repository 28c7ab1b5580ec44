"""How Alembic reaches the store: one connection, one migration run at a time.

SQLite: all in one transaction. PostgreSQL: one for each migration, so that none keeps what it holds while the next one
waits for more.
"""

from __future__ import annotations

import time
from pathlib import Path

from alembic import context
from sqlalchemy import make_url, text

from idp.db.engines import engine_of
from idp.migrations import metadatas
from idp.migrations.locks import WAIT

#: PostgreSQL's advisory lock of this product's migrations; any number will do, as long as it stays.
LOCK = 7_321_095_117

url = context.config.attributes["url"]
engine = engine_of(url)
if engine.name == "sqlite" and (file := make_url(url).database):
    Path(file).parent.mkdir(parents=True, exist_ok=True)
with engine.connect() as connection:
    if engine.name == "postgresql":
        # Asked for again and again: a statement that waits for the lock has a snapshot, for whose end an index that is
        # made CONCURRENTLY under the lock would wait.
        while not connection.execute(text("SELECT pg_try_advisory_lock(:lock)"), {"lock": LOCK}).scalar():
            connection.commit()
            time.sleep(0.1)
        connection.exec_driver_sql(WAIT)
        connection.commit()
    else:
        connection.exec_driver_sql("PRAGMA journal_mode=WAL")
        connection.exec_driver_sql("PRAGMA busy_timeout=10000")
        connection.exec_driver_sql("BEGIN IMMEDIATE")  # one process migrates, the others wait and find it done
    context.configure(
        connection=connection, target_metadata=metadatas(), transactional_ddl=True,
        transaction_per_migration=engine.name == "postgresql",
    )  # fmt: skip
    with context.begin_transaction():
        context.run_migrations()
    connection.commit()
