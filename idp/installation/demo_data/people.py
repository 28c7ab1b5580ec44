"""The people of the company: who they are, how they stand, what they sign in with."""

from __future__ import annotations

import secrets
from base64 import b32encode
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from random import Random
from typing import Any, Final

from idp.accounts import store
from idp.accounts.factors import store as factor_store
from idp.accounts.factors import totp
from idp.accounts.person import Draft, cleaned, fold, identifiers, to_json
from idp.accounts.rows import columns
from idp.accounts.standing import NEVER_ENDS
from idp.accounts.standing import store as standing_store
from idp.installation.demo_data import names
from idp.installation.demo_data.company import DEPARTMENTS, SITES, Company, Group
from idp.installation.demo_data.plan import DAY, Plan, id_at, person_id

#: How people stand, and how many of a thousand do.
STATES: Final = (("active", 868), ("never", 45), ("invited", 30), ("disabled", 45), ("must_reset", 8), ("stopped", 4))
_ROLES: Final = (("help_desk", 0.0010), ("auditor", 0.0003), ("app_admin", 0.0012), ("admin", 0.0002))
_TITLES: Final = ("Assistant", "Specialist", "Manager", "Lead", "Head", "Trainee")


@dataclass(slots=True)
class Member:
    """One of them, as others speak of them. `until`: when they were shut out, the end of time for who was not."""

    id: str
    username: str
    created_at: float
    until: float
    state: str
    address: str
    groups: tuple[str, ...]
    last_at: float = 0.0


@dataclass(slots=True)
class Made:
    """Rows of one part of the people, by their table."""

    members: list[Member] = field(default_factory=list)
    rows: dict[Any, list[dict[str, Any]]] = field(default_factory=dict)

    def put(self, table: Any, **row: Any) -> None:
        """One row more."""
        self.rows.setdefault(table, []).append(row)


class People:
    """Makes them, one part after the other. `is_taken`: whether somebody who is there already signs in with a key."""

    def __init__(
        self, plan: Plan, company: Company, seal: Callable[[str, bytes, bytes], str], is_taken: Callable[[str], bool]
    ) -> None:
        self._plan, self._company, self._seal, self._is_taken = plan, company, seal, is_taken
        self._chance = plan.chance("people")
        self._names: Counter[str] = Counter()
        self._number = 100_000
        self._prefix = "" if plan.seed == 1 else f"{plan.seed}-"

    def parts(self, many: int) -> Iterator[Made]:
        """Everybody, so many at a time."""
        for first in range(0, self._plan.people, many):
            made = Made()
            for _ in range(first, min(first + many, self._plan.people)):
                self._add(made)
            yield made

    def _add(self, made: Made) -> None:
        chance, plan = self._chance, self._plan
        name, (department, site, groups) = names.pick(chance), self._company.of(chance)
        state = chance.choices([state for state, _ in STATES], [share for _, share in STATES])[0]
        age = chance.uniform(400, 2200) if chance.random() < 0.8 else chance.uniform(1, 400)
        created_at = plan.now - (chance.uniform(0, 40) if state == "invited" else age) * DAY
        draft = self._draft(chance, name, department, site)
        until = chance.uniform(max(created_at, plan.begin), plan.now) if state == "disabled" else float("inf")
        member = Member(
            person_id(chance), draft.username, created_at, until, state,
            f"198.{chance.choice((18, 19))}.{chance.randrange(256)}.{chance.randrange(1, 255)}",
            tuple(group.name for group in groups),
        )  # fmt: skip
        made.members.append(member)
        self._put(made, member, draft, groups)
        self._put_standing(made, member)

    def _draft(self, chance: Random, name: names.Name, department: int, site: int) -> Draft:
        given, family = name.plain
        username = self._free(f"{given}.{family}")
        self._number += chance.randrange(1, 4)
        claims: dict[str, Any] = {
            "given_name": name.given, "family_name": name.family, "locale": name.culture.locale,
            "zoneinfo": name.culture.zone, "department": DEPARTMENTS[department], "site": SITES[site],
            "title": chance.choice(_TITLES),
        }  # fmt: skip
        if chance.random() < 0.4:
            claims |= {"phone_number": f"+4930{chance.randrange(10**7, 10**8)}", "phone_number_verified": True}
        return cleaned(
            Draft(
                username=username, email=f"{username}@{self._plan.domain}", email_verified=chance.random() < 0.9,
                employee_number=f"D{self._prefix}{self._number}", name=name.whole, claims=claims,
            )
        )  # fmt: skip

    def _free(self, wanted: str) -> str:
        while True:
            self._names[wanted] += 1
            many = self._names[wanted]
            username = wanted if many == 1 else f"{wanted}{many}"
            if not self._is_taken(fold(username)) and not self._is_taken(fold(f"{username}@{self._plan.domain}")):
                return username

    def _put(self, made: Made, member: Member, draft: Draft, groups: tuple[Group, ...]) -> None:
        plan, chance = self._plan, self._chance
        has_password = member.state not in ("invited", "must_reset")
        set_at = min(member.created_at + 3600.0 + chance.random() * 300 * DAY, plan.now - 60.0)
        roles = [role for role, share in _ROLES if chance.random() < share and member.state == "active"][:1]
        made.put(
            store.people, id=member.id, **columns(draft), groups=to_json(sorted(group.name for group in groups)),
            roles=to_json(roles), enabled=int(member.state != "disabled"),
            password_hash=plan.password_hash if has_password else None,
            password_changed_at=None if member.state == "invited" else set_at, created_at=member.created_at,
            changed_at=plan.now - 1.0 if member.until > plan.now else member.until,
        )  # fmt: skip
        for key, kind in identifiers(draft).items():
            made.put(store.identifiers, key=key, person_id=member.id, kind=kind)
        for group in groups:
            made.put(store.memberships, group_id=group.id, person_id=member.id)
        for role in roles:
            self._limit(made, member, role, groups)

    def _limit(self, made: Made, member: Member, role: str, groups: tuple[Group, ...]) -> None:
        if role == "help_desk":
            made.put(
                store.role_grants, person_id=member.id, role=role, scope=to_json([groups[0].name]), until=None,
                granted_at=self._plan.begin, granted_by="demo-data",
            )  # fmt: skip

    def _put_standing(self, made: Made, member: Member) -> None:
        chance, plan = self._chance, self._plan
        if member.state == "stopped":
            until = NEVER_ENDS if chance.random() < 0.5 else plan.now + chance.uniform(600, 7200)
            made.put(standing_store.pauses, key=f"demo:{member.id}", person_id=member.id, until=until)
        if member.state in ("active", "stopped") and chance.random() < 0.62:
            self._put_factor(made, member)

    def _put_factor(self, made: Made, member: Member) -> None:
        """An authenticator app whose seed nobody has: made by chance, and never shown."""
        at = self._chance.uniform(max(member.created_at, self._plan.begin), self._plan.now)
        seed = b32encode(secrets.token_bytes(totp.SEED_BYTES))
        made.put(
            factor_store.factors, id=id_at(self._chance, at), person_id=member.id, kind=totp.KIND,
            label=self._chance.choice(("Phone", "Pixel 8", "iPhone", "Work phone", "Tablet")), key=None,
            sealed=self._seal(totp.PURPOSE, seed, member.id.encode()), data="{}", counter=0, created_at=at,
            last_used_at=self._plan.now - self._chance.uniform(0, 30) * DAY,
        )  # fmt: skip
