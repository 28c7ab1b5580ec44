"""Who does something, and what they may: a person with roles, a program, or whoever has the shell (C1, C2)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from idp import audit
from idp.accounts import break_glass, roles, tokens
from idp.accounts.person import Person, fold
from idp.accounts.roles import SCOPED, RoleGrant
from idp.admin.permissions import LIMITED_BY, TABLE, Permission
from idp.audit import Recorder
from idp.protocols import Services
from idp.wire import Request

if TYPE_CHECKING:  # a command has no session, and its module brings mail, keys and the outbound client along
    from idp.login.browser.sessions import Session

P = Permission
#: What would take from a break-glass account what it is for (U5): only the verbs of its own do that.
_KEPT = frozenset((P.PEOPLE_CHANGE, P.PEOPLE_TURN_OFF, P.PEOPLE_REMOVE, P.ROLES_GRANT))


class NotAllowed(Exception):
    """The actor may not do this, or not to this one. `permission`: what they would need."""

    def __init__(self, permission: Permission, why: str = "") -> None:
        super().__init__(why or f"this needs the permission {permission}")
        self.permission = permission


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """Somebody who acts. `name`: as the record has it, such as `person:u…`, `client:…`, `cli:root`."""

    kind: Literal["person", "client", "shell"]
    id: str
    name: str
    grants: tuple[RoleGrant, ...]
    address: str = ""
    request_id: str = ""
    token_id: str = ""  # of a person who acts by a personal token
    second: Actor | None = None  # the owner who has approved this one change (C3): it is done with the rights of both
    approval: str = ""  # under which id

    @property
    def roles(self) -> tuple[str, ...]:
        """The names of the roles, those that ran out left out."""
        return tuple(grant.role for grant in self.grants)

    def scope(self, permission: Permission) -> frozenset[str] | None:
        """What a permission is limited to: client ids, or folded group names; None: nothing limits it.

        Empty where the actor has it for nothing at all.
        """
        found: set[str] = set()
        for grant in self.grants:
            if permission not in TABLE[grant.role]:
                continue
            if grant.scope is None or permission not in LIMITED_BY.get(grant.role, ()):
                return None
            found.update(grant.scope if grant.role == "app_admin" else map(fold, grant.scope))
        return frozenset(found)

    def may(self, permission: Permission) -> bool:
        """Whether the actor has a permission for anything at all."""
        scope = self.scope(permission)
        return scope is None or bool(scope)

    def may_app(self, permission: Permission, client_id: str) -> bool:
        """Whether the actor has it for this application."""
        scope = self._of("applications").scope(permission)
        also = self.second is None or self.second.may_app(permission, client_id)
        return also and (scope is None or client_id in scope)

    def may_person(self, permission: Permission, groups: Iterable[str]) -> bool:
        """Whether the actor has it for somebody in these groups."""
        scope = self._of("groups").scope(permission)
        return scope is None or not scope.isdisjoint(map(fold, groups))

    def _of(self, kind: str) -> Actor:
        """With the roles that are not limited to things of another kind: a group may be called as a client's id."""
        return replace(self, grants=tuple(one for one in self.grants if SCOPED.get(one.role, kind) == kind))

    def scope_among(self, kind: str, permission: Permission) -> frozenset[str] | None:
        """The limit among "applications" or "groups" alone: client ids, or folded group names; None: all of them."""
        return self._of(kind).scope(permission)

    def until(self, permission: Permission) -> float | None:
        """When the actor's right ends, epoch seconds; None: it has no end."""
        ends = [grant.until for grant in self.grants if permission in TABLE[grant.role]]
        if self.second is not None:  # as long as both of them have it
            limits = [
                end for end in (replace(self, second=None).until(permission), self.second.until(permission)) if end
            ]
            return min(limits, default=None)
        return None if not ends or None in ends else max(end for end in ends if end is not None)

    def check(self, permission: Permission) -> None:
        """Errors: `NotAllowed`."""
        if not self.may(permission):
            raise NotAllowed(permission)
        if self.second is not None:
            self.second.check(permission)

    def check_app(self, permission: Permission, client_id: str) -> None:
        """Errors: `NotAllowed` where not for this application."""
        if not self.may_app(permission, client_id):
            raise NotAllowed(permission, "this application is not among those that you look after")

    def check_person(self, services: Services, permission: Permission, person: Person) -> None:
        """For acting on somebody. Errors: `NotAllowed` where they are not yours, or may do more than you (C2).

        Nobody helps themselves as the help desk helps others: a code for oneself would be a way past one's own second
        step, and a stolen token a way to become the person for good (ASVS 7.5.1).
        """
        if self.second is not None:
            self.second.check_person(services, permission, person)
        self._check_on_oneself(permission, person)
        if not self.may_person(permission, person.groups):
            raise NotAllowed(permission, "this person is not in the groups that you look after")
        if not self.outranks(roles.grants_of(services.db, person.id, person.roles, services.clock())):
            raise NotAllowed(
                permission, f"{person.username} may do more here than you; ask somebody who may do as much"
            )
        if permission in _KEPT:
            self.check_ordinary(services, permission, person)

    def check_ordinary(self, services: Services, permission: Permission, person: Person) -> None:
        """Errors: `NotAllowed` where it is a break-glass account, which nobody changes by the way (U5)."""
        if break_glass.is_one(services.db, person):
            raise NotAllowed(permission, break_glass.told(person.username))

    def is_self(self, person: Person) -> bool:
        """Whether this is who acts, by a sign-in or by a token."""
        own = self.kind == "person" and self.id == person.id
        return own or (self.second is not None and self.second.is_self(person))

    def _check_on_oneself(self, permission: Permission, person: Person) -> None:
        reads = permission == Permission.PEOPLE_READ
        if self.is_self(person) and not reads and (self.token_id or permission == Permission.PEOPLE_HELP):
            raise NotAllowed(permission, "nobody does this to their own account: use your own pages, as everybody does")

    def outranks(self, grants: Iterable[RoleGrant]) -> bool:
        """Whether the actor may do all that these grants allow: nobody acts on somebody with more rights (C2)."""
        other = Actor(kind="person", id="", name="", grants=tuple(grants))
        for permission in Permission:
            theirs, mine = other.scope(permission), self.scope(permission)
            if mine is not None and (theirs is None or not theirs <= mine):
                return False
        return True

    def record(self, services: Services) -> Recorder:
        """Writes events in the actor's name, inside the transaction of the change that they prove."""
        also = {"by_token": self.token_id} if self.token_id else {}
        if self.second is not None:
            also |= {"approved_by": self.second.name, "approval": self.approval}
        return audit.recorder(
            services.clock, self.name, address=self.address, request_id=self.request_id, also=also
        )  # fmt: skip


def of_session(services: Services, request: Request, session: Session) -> Actor:
    """The person of a session, with the rights that they have at this moment. One read where they have a role."""
    return Actor(
        kind="person", id=session.person_id, name=f"person:{session.person_id}",
        grants=roles.grants_of(services.db, session.person_id, session.roles, services.clock()),
        address=request.remote_address, request_id=request.id,
    )  # fmt: skip


def of_token(services: Services, request: Request, shown: tokens.Shown) -> Actor:
    """The person of a personal token, with what they may at this moment, as far as the token speaks for it."""
    return Actor(
        kind="person", id=shown.token.person_id, name=f"person:{shown.token.person_id}", token_id=shown.token.id,
        grants=roles.grants_of(services.db, shown.token.person_id, shown.roles, services.clock()),
        address=request.remote_address, request_id=request.id,
    )  # fmt: skip


def of_client(services: Services, request: Request, client_id: str) -> Actor:
    """A program that has proven itself, with the roles that it has at this moment. One read."""
    return Actor(
        kind="client", id=client_id, name=f"client:{client_id}",
        grants=roles.grants_of_program(services.db, client_id, services.clock()),
        address=request.remote_address, request_id=request.id,
    )  # fmt: skip


def of_shell(name: str) -> Actor:
    """Whoever may run the command on the machine has the database in their hands: an owner, and the record says so."""
    return Actor(kind="shell", id=name, name=name, grants=(RoleGrant("owner"),))


def of_name(services: Services, name: str, token_id: str = "") -> Actor | None:
    """Whom the record names so, with the rights of this moment, for what goes on when they are gone; None: nobody.

    `token_id`: of the personal token by which they asked for it, which allows no more than it does itself, and nothing
    when it has ended. A name of the shell's comes from where only the shell writes it.
    """
    kind, _, id = name.partition(":")
    if kind == "cli":
        return of_shell(name)
    db, now = services.db, services.clock()
    if kind == "client":
        client = services.registry.find(id)
        if client is None or not client.enabled:
            return None
        return Actor(kind="client", id=id, name=name, grants=roles.grants_of_program(db, id, now))
    person = services.directory.find(id) if kind == "person" else None
    if person is None or not person.enabled:
        return None
    shown = tokens.standing(db, token_id, now) if token_id else None
    if token_id and (shown is None or shown.token.person_id != id):
        return None
    grants = roles.grants_of(db, person.id, person.roles if shown is None else shown.roles, now)
    return Actor(kind="person", id=person.id, name=name, grants=grants, token_id=token_id)
