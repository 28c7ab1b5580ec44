"""What is wrong with an installation, or with what somebody asked of it: a sentence in place of a traceback."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator

INIT_FIRST = "this installation is not initialised: run `doorward init` first"


class Failed(Exception):
    """It ends here, without a traceback. `code` 1: it failed; 2: something in the input is to be changed."""

    def __init__(self, *lines: str, code: int = 1) -> None:
        super().__init__("\n".join(lines))
        self.lines, self.code = lines, code


class Refused(Failed):
    """Bad input, one line for each thing to fix."""

    def __init__(self, *lines: str) -> None:
        super().__init__(*lines, code=2)


def of_database(said: str) -> str:
    """What to do about a database that says this, as a line."""
    from idp.db import advice

    found = advice.of(said)
    return f"{found.field}: {found.fix}"


@contextlib.contextmanager
def explained() -> Iterator[None]:
    """What is expected to go wrong with an installation, as a sentence in place of a traceback."""
    from idp.db import Conflict, Unavailable
    from idp.state import StateUnavailable
    from idp.state import advice as state_advice
    from keys.holders import HolderUnavailable
    from keys.master import BadMasterKey
    from keys.sealing import BrokenSeal, NoRootSecret, WrongMasterKey

    try:
        yield
    except NoRootSecret:
        raise Failed(INIT_FIRST) from None
    except (BadMasterKey, WrongMasterKey, BrokenSeal, HolderUnavailable) as error:
        raise Failed(str(error)) from None
    except Unavailable as error:
        raise Failed(f"the database cannot be used: {error}", of_database(str(error))) from None
    except Conflict as error:
        raise Failed(f"somebody else changed the same thing meanwhile; try again ({error})") from None
    except StateUnavailable as error:
        advice = state_advice.of(str(error))
        raise Failed(
            f"the state store (storage.state_url) cannot be used: {error}", f"{advice.field}: {advice.fix}"
        ) from None
    except Exception as error:
        verbs = sys.modules.get("idp.admin.actor")  # where nothing has loaded them, nobody was refused by one
        if verbs is not None and isinstance(error, verbs.NotAllowed):
            raise Refused(f"not allowed: {error}") from None
        raise
