"""Blanking: what was personal in the events of somebody who is gone goes, and the chain still holds.

An event's MAC covers its personal part (who, from where, the detail) by a commitment. The values and the salt are
deleted; the commitment stays, signed anew as blanked. Without the salt nobody can try values against it.
"""

from __future__ import annotations

from idp.audit.chain import proofs, store
from idp.db import Database

_PAGE = 200


def count(db: Database, person_id: str) -> int:
    """How many events are about somebody."""
    return int(db.one(store.MANY_OF_PERSON, owner_id=person_id).many)


def blank(db: Database, person_id: str) -> int:
    """Take person, address and detail out of the events about somebody; answers of how many.

    What they did to others stays, under their id, which is in no event of their own any more.
    Errors: LookupError where the database was opened without the chain's key.
    """
    key = proofs.find_key(db)
    if key is None:
        raise LookupError("no key")
    done, after = 0, ""
    while rows := db.all(store.OF_PERSON, owner_id=person_id, after=after, many=_PAGE):
        for row in rows:
            columns = row._asdict()
            committed = proofs.commitment(row.salt, columns) if row.salt else ""
            blanked = proofs.blank(key, row.id, committed) if row.mac else None  # else it was never proven
            actor = "" if proofs.is_own(columns) else row.actor
            # One by one: many at once, in another order than the sealer's, could wait for it while it waits for us.
            db.run(store.BLANK, durable=False, event_id=row.id, new_actor=actor, new_blanked=blanked)
        done, after = done + len(rows), rows[-1].id
    return done
