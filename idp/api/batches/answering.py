"""What each row of the work on many people does."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any

from idp.accounts import batches
from idp.accounts.batches import Batch as Work
from idp.accounts.batches import Moved
from idp.accounts.batches import Row as WorkRow
from idp.accounts.person import InvalidPerson
from idp.admin.bulk import verbs as bulk
from idp.admin.importing import giving_back, reading
from idp.admin.importing import verbs as importing
from idp.admin.permissions import Permission
from idp.api import editions, paging
from idp.api.batches import models as m
from idp.api.models import moment
from idp.api.operations import Answer, Call
from idp.api.problems import Problem, not_found, wrong
from idp.ids import digest
from idp.protocols import Services

Find = Callable[[Services, Call], Work]


# -- imports ---------------------------------------------------------------------------------------------------------


def imports(services: Services, call: Call) -> m.Imports:
    """GET /imports."""
    return m.Imports(items=tuple(map(_import, importing.latest(services, call.actor))))


def begin_import(services: Services, call: Call) -> Answer:
    """POST /imports."""
    body: m.NewImport = call.body
    try:
        table = reading.read(body.csv.encode("utf-8"))
    except reading.Unreadable as error:
        raise wrong("csv", str(error.text)) from None
    asked = body.model_dump(mode="json", exclude={"csv", "file"}, exclude_unset=True)
    with _placed():
        made = importing.start(services, call.actor, table, body.file, **asked)
    return Answer(value=_import(made), etag=_edition(made), location=f"/imports/{made.id}")


def show_import(services: Services, call: Call) -> Answer:
    """GET /imports/<id>."""
    return _of_import(_found_import(services, call))


def choose(services: Services, call: Call) -> Answer:
    """PATCH /imports/<id>."""
    batch = _found_import(services, call)
    editions.check(call, _edition(batch))
    choices = call.body.model_dump(mode="json", exclude_unset=True)
    with _placed():
        importing.check_again(services, call.actor, batch, choices)
    return show_import(services, call)


def run_import(services: Services, call: Call) -> Answer:
    """POST /imports/<id>/run."""
    batch = _found_import(services, call)
    editions.check(call, _edition(batch))
    with _placed():
        importing.carry_out(services, call.actor, batch)
    return show_import(services, call)


def stop_import(services: Services, call: Call) -> Answer:
    """POST /imports/<id>/stop."""
    importing.stop(services, call.actor, _found_import(services, call))
    return show_import(services, call)


def import_rows(services: Services, call: Call) -> m.Rows:
    """GET /imports/<id>/rows."""
    return _rows(services, call, _found_import(services, call), _row_of_file)


def _found_import(services: Services, call: Call) -> Work:
    found = importing.find(services, call.actor, call.path["id"])
    if found is None:
        raise not_found("import")
    return found


def _of_import(batch: Work) -> Answer:
    return Answer(value=_import(batch), etag=_edition(batch))


def _import(batch: Work) -> m.Import:
    asked = batch.asked
    return m.Import(
        **_plain(batch), file=str(asked["file"]), header=tuple(asked["header"]), columns=tuple(asked["columns"]),
        existing=asked["existing"], new_groups=bool(asked["new_groups"]), invite=bool(asked["invite"]),
        makes_groups=tuple(name for name, _ in importing.new_groups(batch)),
    )  # fmt: skip


def _row_of_file(services: Services, call: Call, row: WorkRow) -> m.Row:
    outcome = row.outcome
    return m.Row(
        number=row.number, outcome=outcome.code if outcome else None, person_id=(outcome and outcome.person_id) or None,
        why=str(giving_back.why(outcome)) if outcome and outcome.why else None, cells=tuple(row.source),
    )  # fmt: skip


# -- the same for many -----------------------------------------------------------------------------------------------


def begin(services: Services, call: Call) -> Answer:
    """POST /batches."""
    body: m.NewMany = call.body
    if bool(body.people) == (body.search is not None):
        raise wrong("people", "say whom by people, or by search")
    ids = body.people
    if body.search is not None:
        state = body.search.state
        ids = bulk.matching(services, call.actor, body.search.query, (state,) if state else ())
        if not ids:
            raise wrong("search", "it finds nobody")
    with _placed():
        made = bulk.start(services, call.actor, body.action, ids, body.group, note=body.note)
    return Answer(value=_many(call, made), etag=_edition(made), location=f"/batches/{made.id}")


def show(services: Services, call: Call) -> Answer:
    """GET /batches/<id>."""
    found = _found(services, call)
    return Answer(value=_many(call, found), etag=_edition(found))


def run(services: Services, call: Call) -> Answer:
    """POST /batches/<id>/run."""
    batch = _found(services, call)
    editions.check(call, _edition(batch))
    with _placed():
        bulk.carry_out(services, call.actor, batch)
    return show(services, call)


def stop(services: Services, call: Call) -> Answer:
    """POST /batches/<id>/stop."""
    bulk.stop(services, call.actor, _found(services, call))
    return show(services, call)


def undo(services: Services, call: Call) -> Answer:
    """POST /batches/<id>/undo."""
    with _placed():
        made = bulk.undo(services, call.actor, _found(services, call))
    return Answer(value=_many(call, made), etag=_edition(made), location=f"/batches/{made.id}")


def rows(services: Services, call: Call) -> m.Rows:
    """GET /batches/<id>/rows."""
    return _rows(services, call, _found(services, call), _row_of_person)


def _found(services: Services, call: Call) -> Work:
    found = bulk.find(services, call.actor, call.path["id"])
    if found is None:
        raise not_found("batch")
    return found


def _many(call: Call, batch: Work) -> m.Many:
    asked = batch.asked
    return m.Many(
        **_plain(batch), action=str(asked["action"]), group=str(asked["group"]) or None,
        undo=bulk.undo_of(call.actor, batch) or None,
    )  # fmt: skip


def _row_of_person(services: Services, call: Call, row: WorkRow) -> m.Row:
    """Of whom the caller may not see, not even why it was not done (S59)."""
    person, outcome = services.directory.find(str(row.source)), row.outcome
    is_seen = person is not None and call.actor.may_person(Permission.PEOPLE_READ, person.groups)
    is_gone = person is None and call.actor.scope(Permission.PEOPLE_READ) is None
    why = None
    if outcome is not None:
        why = outcome.value if outcome.why == "said" else outcome.why
    return m.Row(
        number=row.number, outcome=outcome.code if outcome else None, cells=None,
        why=(why or None) if is_seen or is_gone else ("gone" if outcome else None),
        person_id=str(row.source) if is_seen or is_gone else None,
    )  # fmt: skip


# -- both ------------------------------------------------------------------------------------------------------------


def _plain(batch: Work) -> dict[str, Any]:
    counts = {name: n for name, n in batch.counts.items() if ":" not in name}
    return {
        "id": batch.id, "state": batch.state, "total": batch.total, "done": batch.done, "counts": counts,
        "made_by": batch.made_by, "created_at": moment(batch.created_at), "changed_at": moment(batch.changed_at),
    }  # fmt: skip


def _edition(batch: Work) -> str:
    """Another one whenever it went on, or is to be done otherwise."""
    said = [batch.state, batch.done, batch.changed_at, dict(batch.asked)]
    return digest(json.dumps(said, sort_keys=True))[:32]


def _rows(services: Services, call: Call, batch: Work, shown: Callable[[Services, Call, WorkRow], m.Row]) -> m.Rows:
    query: m.WhichRows = call.query
    since = paging.place(services, call) or 0
    codes = (query.outcome,) if query.outcome else None
    found = list(islice(batches.rows(services.db, batch.id, codes, since), query.limit + 1))
    some = found[: query.limit]
    more = paging.cursor(services, call, some[-1].number) if len(found) > query.limit else None
    return m.Rows(items=tuple(shown(services, call, one) for one in some), next=more)


@contextlib.contextmanager
def _placed() -> Iterator[None]:
    try:
        yield
    except InvalidPerson as error:
        raise wrong(error.field, error.message) from error
    except Moved:
        detail = "It is not in a state for this, or went on meanwhile: read it again."
        raise Problem("conflict", detail) from None
