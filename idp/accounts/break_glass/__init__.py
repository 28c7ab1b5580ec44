"""Break-glass accounts (U5): an owner for the day when nothing else lets anybody in, whose every use is an alarm.

Door: `is_one`, `opens`, `every`, `find`, `check_is_none`, `told`. Rule: nobody chose its password, we made it, so
that it cannot be guessed and no pause need hold it up; and nothing turns it off but the verb that ends it.
"""

from idp.accounts.break_glass.keeping import (
    BreakGlass,
    check_is_none,
    every,
    find,
    is_one,
    opens,
    told,
)

__all__ = ["BreakGlass", "check_is_none", "every", "find", "is_one", "opens", "told"]
