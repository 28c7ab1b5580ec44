"""Personal tokens: what somebody's scripts prove themselves by, as long as the person could do it themselves (C4).

Door: `create`, `find`, `list_of`, `withdraw`, `end_all`. Rule: a token gives no right of its own; whoever takes one
asks what its person may at this moment, and of that only the roles that the token was made for.
"""

from idp.accounts.tokens.personal import (
    MOST,
    MOST_DAYS,
    PREFIX,
    InvalidToken,
    Made,
    PersonalToken,
    Shown,
    create,
    end_all,
    end_everybody,
    find,
    list_of,
    standing,
    sweep,
    touch,
    withdraw,
)

__all__ = [
    "MOST",
    "MOST_DAYS",
    "PREFIX",
    "InvalidToken",
    "Made",
    "PersonalToken",
    "Shown",
    "create",
    "end_all",
    "end_everybody",
    "find",
    "list_of",
    "standing",
    "sweep",
    "touch",
    "withdraw",
]
