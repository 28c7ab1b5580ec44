"""The store: one thin executor over SQLite or PostgreSQL, and the statements that both know by another name.

Statements are SQLAlchemy Core expressions, built once as module constants in a room's `store.py`; they are compiled
once per process and run on the driver's own cursor (a Core select costs 75 µs that way round, 5 µs this way).
Parameters go by name, rows come back as named tuples. Columns therefore hold only what both drivers agree on:
text, integers, doubles (times: seconds since the epoch), and bytes.
"""

from .database import Database
from .errors import Conflict, ReadOnly, Unavailable
from .executor import Executor
from .joined import joined
from .optimistic import Apart
from .pairs import THEN, Pair
from .statements import WRITES, Statement, sweep, upsert
from .transactions import Transaction

__all__ = [
    "THEN",
    "WRITES",
    "Apart",
    "Conflict",
    "Database",
    "Executor",
    "Pair",
    "ReadOnly",
    "Statement",
    "Transaction",
    "Unavailable",
    "joined",
    "sweep",
    "upsert",
]
