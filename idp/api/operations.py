"""What a row of the API is, and what its handler is given."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from idp.admin.actor import Actor
from idp.admin.permissions import Permission
from idp.api.models import Model
from idp.protocols import Services
from idp.wire import Request

#: What the verbs of changes that may wait for a second owner ask for: see `admin.approving`.
MAY_WAIT = frozenset((
    Permission.KEYS_CHANGE, Permission.ROLES_GRANT, Permission.PEOPLE_TURN_OFF, Permission.PEOPLE_REMOVE,
    Permission.RULES_CHANGE,
))  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One call that got as far as its handler: who calls, and what they sent, checked.

    `path`: by the names in the row. `query`, `body`: of the row's own classes; `sent`: the body as it came, for what
    tells "null" from nothing. `if_match`: the entity tags that the change is meant for; None: it said none.
    """

    operation: Operation
    request: Request
    actor: Actor
    path: Mapping[str, str]
    query: Any = None
    body: Any = None
    sent: Any = None
    if_match: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A value with what stands beside it. `etag`: the edition of what the path names, without quotes."""

    value: Model | None
    etag: str = ""
    location: str = ""  # below the prefix: where what was made is found


#: What a row's handler answers: a value, with its edition where it has one; None is 204. Errors: `Problem`, and
#: whatever the verbs raise: see `problems.told`.
Handler = Callable[[Services, Call], "Model | Answer | None"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """A row: one method on one path.

    `path`: below the prefix, `<name>` for a segment. `permission`: who lacks it for everything is refused before
    anything is read; the handler asks again for the very object. `None`: for everybody who has a token that works.
    `query`, `takes`, `gives`: the classes of the parameters, the body, the answer. `creates`: it makes something anew
    with each call, so it takes an Idempotency-Key. `guarded`: it changes what others may be changing, so it demands
    If-Match. `merges`: the body is a merge patch (RFC 7396). `problems`: statuses that it may answer beside those that
    follow from the row.
    """

    method: str
    path: str
    id: str
    permission: Permission | None
    summary: str
    handler: Handler
    tag: str
    query: type[Model] | None = None
    takes: type[Model] | None = None
    gives: type[Model] | None = None
    status: int = 200
    creates: bool = False
    guarded: bool = False
    merges: bool = False
    public: bool = False  # it is answered without a token: the document itself
    problems: tuple[int, ...] = ()
    examples: Mapping[str, Any] = field(default_factory=dict)
    made: str = ""  # where the answer has the `id` of what it made, which other rows' paths name: "#/application/id"

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the path's segments, in their order."""
        return tuple(part[1:-1] for part in self.path.split("/") if part.startswith("<"))

    @property
    def statuses(self) -> tuple[int, ...]:
        """Every status that it may answer with a problem; the document says them, and no other is ever answered."""
        found = {400, 429, 500, 503, *self.problems}
        if not self.public:
            found |= {401, 403}
        if self.names:
            found.add(404)
        if self.takes is not None:
            found |= {413, 415, 422}
        if self.creates:
            found |= {409, 422}
        if self.method != "GET" and self.permission in MAY_WAIT:
            found.add(409)  # for a second owner (C3)
        if self.guarded:
            found |= {412, 428}
        return tuple(sorted(found))
