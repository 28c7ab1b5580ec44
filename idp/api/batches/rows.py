"""The rows of work on many people."""

from __future__ import annotations

from typing import Final

from idp.admin.permissions import Permission
from idp.api.batches import answering as a
from idp.api.batches import models as m
from idp.api.operations import Operation

_TAG: Final = "Batches"
_IMPORT: Final = "/imports/<id>"
_MANY: Final = "/batches/<id>"
_CREATE, _READ = Permission.PEOPLE_CREATE, Permission.PEOPLE_READ

_IMPORTS: Final = (
    Operation(
        method="GET", path="/imports", id="listImports", permission=_CREATE, tag=_TAG, summary="The last imports",
        handler=a.imports, gives=m.Imports,
    ),
    Operation(
        method="POST", path="/imports", id="startImport", permission=_CREATE, tag=_TAG,
        summary="Send a CSV file of people; it is tried out, and nothing is done", handler=a.begin_import,
        takes=m.NewImport, gives=m.Import, status=201, creates=True, made="#/id",
        examples={"two people": {"csv": "username,name\nann,Ann Ash\nbea,Bea Brown\n"}},
    ),
    Operation(
        method="GET", path=_IMPORT, id="getImport", permission=_CREATE, tag=_TAG,
        summary="How far it is, and what came of it", handler=a.show_import, gives=m.Import,
    ),
    Operation(
        method="PATCH", path=_IMPORT, id="chooseForImport", permission=_CREATE, tag=_TAG,
        summary="Try it out again with other choices", handler=a.choose, takes=m.Choices, gives=m.Import, guarded=True,
        merges=True, problems=(409,), examples={"correct": {"existing": "correct"}},
    ),
    Operation(
        method="POST", path=f"{_IMPORT}/run", id="runImport", permission=_CREATE, tag=_TAG,
        summary="Do what was tried out, for the edition that was looked at", handler=a.run_import, gives=m.Import,
        guarded=True, problems=(409, 422),
    ),
    Operation(
        method="POST", path=f"{_IMPORT}/stop", id="stopImport", permission=_CREATE, tag=_TAG,
        summary="Take no more of its rows; what is done stays done", handler=a.stop_import, gives=m.Import,
    ),
    Operation(
        method="GET", path=f"{_IMPORT}/rows", id="listImportRows", permission=_CREATE, tag=_TAG,
        summary="The rows, with what came of each", handler=a.import_rows, query=m.WhichRows, gives=m.Rows,
    ),
)  # fmt: skip

_MANIES: Final = (
    Operation(
        method="POST", path="/batches", id="startBatch", permission=_READ, tag=_TAG,
        summary="The same for many people; it is tried out, and nothing is done", handler=a.begin, takes=m.NewMany,
        gives=m.Many, status=201, creates=True, made="#/id",
        examples={"sign out": {"action": "sign_out", "people": ["u" + 26 * "a"]}},
    ),
    Operation(
        method="GET", path=_MANY, id="getBatch", permission=_READ, tag=_TAG,
        summary="How far it is, and what came of it", handler=a.show, gives=m.Many,
    ),
    Operation(
        method="POST", path=f"{_MANY}/run", id="runBatch", permission=_READ, tag=_TAG,
        summary="Do what was tried out, for the edition that was looked at", handler=a.run, gives=m.Many, guarded=True,
        problems=(409, 422),
    ),
    Operation(
        method="POST", path=f"{_MANY}/stop", id="stopBatch", permission=_READ, tag=_TAG,
        summary="Do no more of it; what is done stays done", handler=a.stop, gives=m.Many,
    ),
    Operation(
        method="POST", path=f"{_MANY}/undo", id="undoBatch", permission=_READ, tag=_TAG,
        summary="The other way round, for those to whom it was done; tried out first", handler=a.undo, gives=m.Many,
        status=201, creates=True,
    ),
    Operation(
        method="GET", path=f"{_MANY}/rows", id="listBatchRows", permission=_READ, tag=_TAG,
        summary="Each person, with what came of it", handler=a.rows, query=m.WhichRows, gives=m.Rows,
    ),
)  # fmt: skip

OPERATIONS: Final = (*_IMPORTS, *_MANIES)
