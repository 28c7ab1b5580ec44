"""A finding with the person in it, for whoever reads their name beside it anyway.

Findings are kept and passed on without anybody's name: a command in one has a placeholder, and a sentence a word.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from shlex import quote
from typing import Final

from idp.answers.finding import Finding

WHO: Final = "Whoever signed in"
LOGIN: Final = "LOGIN"
#: Of the rule of an application: names of groups stand in what is expected, which fewer may read.
GROUP: Final = "the group that may open"
GROUPS: Final = "any of the groups that may open"
ITS_GROUP: Final = "GROUP"
NONE_OF_THESE: Final = "somebody who is none of these"
_PLACEHOLDER: Final = re.compile(rf"(?<=\s){LOGIN}(?=\s|$)")
_ITS: Final = re.compile(rf"(?<=\s){ITS_GROUP}(?=\s|$)")
_NAMED: Final = re.compile(r"in the group “([^”]+)”")


def members(groups: Iterable[str]) -> Iterator[str]:
    """Who a rule with these groups lets in."""
    return (f"in the group “{one}”" for one in sorted(groups))


def named(found: Finding, login: str) -> Finding:
    """The finding, with the name in the place of what stands for it."""
    fix = _PLACEHOLDER.sub(lambda _: quote(login), found.fix.replace(WHO, login, 1))
    groups = _NAMED.findall(found.expected)
    if len(groups) == 1:
        fix = fix.replace(GROUP, f"the group {groups[0]}, which may open", 1)
        fix = _ITS.sub(lambda _: quote(groups[0]), fix)
    return replace(found, fix=fix, got=login if found.got == NONE_OF_THESE else found.got)
