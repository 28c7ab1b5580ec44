"""U5: the replicas of PostgreSQL are down, and commits that want one would wait for it in vain."""

from __future__ import annotations

import time
from collections.abc import Callable

import psycopg
import pytest

from idp.admin.actor import of_shell
from idp.admin.break_glass import keeping, watching
from tests.backends import PostgreSQL
from tests.provider import Provider

pytestmark = pytest.mark.slow


def test_U5_where_the_database_waits_for_no_replica_it_signs_in_without_one(
    open_provider: Callable[..., Provider], own_postgresql: PostgreSQL, own_postgresql_url: str
) -> None:
    """As docs/break-glass.md says: `ALTER DATABASE … SET synchronous_commit = local`."""
    with psycopg.connect(own_postgresql.url(), autocommit=True) as connection:
        name = own_postgresql_url.rpartition("/")[2]
        connection.execute(f'ALTER DATABASE "{name}" SET synchronous_commit = local'.encode())
        connection.execute("ALTER SYSTEM SET synchronous_standby_names = 'nowhere'")
        connection.execute("SELECT pg_reload_conf()")
        try:
            deadline = time.monotonic() + 30
            while connection.execute("SHOW synchronous_standby_names").fetchone() != ("nowhere",):
                assert time.monotonic() < deadline
            provider = open_provider(storage={"database_url": own_postgresql_url})
            made = keeping.make(provider.services, of_shell("cli:test"), "emergency")
            browser = provider.browser()
            page = browser.log_in(browser.get(""), "emergency", made.password)
            assert browser.submit(page, code=made.codes[0]).is_redirect
            assert not browser.get("profile").is_login_page
            assert watching.watch(provider.services) == 1
        finally:
            connection.execute("ALTER SYSTEM RESET synchronous_standby_names")
            connection.execute("SELECT pg_reload_conf()")
