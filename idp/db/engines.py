"""SQLAlchemy's engine, for what is done by hand: migrations, backups, moves. Requests use `Database`."""

from __future__ import annotations

from sqlalchemy import Engine, create_engine, make_url, pool


def engine_of(url: str) -> Engine:
    """One connection at a time, without a limit of time. libpq reads the URL, which may name several hosts."""
    if not url.startswith("postgresql"):
        return create_engine(make_url(url), poolclass=pool.NullPool)
    import psycopg

    from idp.db.postgresql import CONNECT_S, asked_of

    def connect() -> psycopg.Connection[tuple[object, ...]]:
        return psycopg.connect(**{**asked_of(url), "connect_timeout": CONNECT_S})

    return create_engine("postgresql+psycopg://", creator=connect, poolclass=pool.NullPool)
