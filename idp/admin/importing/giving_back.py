"""What became of the rows as a file of a spreadsheet: corrected there, it can be sent again as it is."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator, Mapping
from typing import Final

from idp.accounts import batches
from idp.accounts.batches import STOPPED, Batch, Outcome
from idp.admin.importing.reading import SHIELD, SHIELDED
from idp.admin.importing.rows import FAILED
from idp.protocols import Services
from idp.texts import N_

#: Why a row was not taken, in the words of the page. What is not here is a field's name: its sentence is the value.
WHY: Final[Mapping[str, str]] = {
    "twice": N_("names somebody who stands on line %(value)s already"),
    "long": N_("has more cells than the first line has columns (%(value)s)"),
    "rank": N_("may do more here than you; ask somebody who may do as much"),
    "no_group": N_("there is no group “%(value)s”"),
    "several": N_("names two people at once: %(value)s"),
    "broken": N_("could not be done (%(value)s); try it again"),
    "there": N_("is there already as %(value)s"),
}
UNREACHED: Final = N_("the import was stopped before this line")
COLUMN: Final = "Problem"  # of the column that is added; it means nothing where the file is sent again


def why(outcome: Outcome) -> str:
    """The reason in one sentence."""
    text = WHY.get(outcome.why)
    if text is None:
        return f"{outcome.why}: {outcome.value}" if outcome.why else outcome.value
    return N_(text, value=outcome.value) if "%(value)s" in text else text


def lines(services: Services, batch: Batch, say: Callable[[str], str] = str) -> Iterator[str]:
    """The rows that were not taken, below the file's own first line, with the reason in a last column.

    Of work that was stopped, those too that it had not come to.
    """
    separator = str(batch.asked["separator"])
    yield _line([*batch.asked["header"], COLUMN], separator)
    is_cut = batch.state == STOPPED and bool(batch.asked.get("ran"))
    for row in batches.rows(services.db, batch.id, None if is_cut else (FAILED,)):
        if row.outcome is None or row.outcome.code == FAILED:
            cells = [*row.source, *[""] * (len(batch.asked["header"]) - len(row.source))]
            yield _line([*cells, say(why(row.outcome) if row.outcome else UNREACHED)], separator)


def _line(cells: list[str], separator: str) -> str:
    out = io.StringIO()
    csv.writer(out, delimiter=separator, quoting=csv.QUOTE_ALL).writerow(map(shielded, cells))
    return out.getvalue()


def shielded(cell: str) -> str:
    """A text that no spreadsheet takes for a formula, spaces before it or not; reading takes the mark off again."""
    text = cell.replace("\0", "�")
    is_formula = (
        text.lstrip(SHIELD).lstrip(" ").startswith(SHIELDED)
        if text.startswith(SHIELD)
        else (text.lstrip(" ").startswith(SHIELDED))
    )
    return f"{SHIELD}{text}" if is_formula else text
