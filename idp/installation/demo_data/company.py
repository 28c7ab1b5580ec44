"""Where people work: departments, sites, and the groups that are made of them."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import Final

from idp.accounts.person import fold
from idp.installation.demo_data.plan import DAY, Plan, id_at

DEPARTMENTS: Final = (
    "Sales", "Support", "Engineering", "Finance", "Human resources", "Legal", "Marketing", "Purchasing", "Logistics",
    "Production", "Quality", "Research", "Facilities", "Board",
)  # fmt: skip
SITES: Final = (
    "Berlin", "London", "Paris", "Madrid", "Warsaw", "İzmir", "Hà Nội", "Київ", "Αθήνα", "القاهرة", "תל אביב", "上海",
    "東京", "मुंबई", "São Paulo", "Toronto",
)  # fmt: skip
_EXTRA: Final = (
    "VPN",
    "On call",
    "Contractors",
    "Works council",
    "First aid",
    "Travel",
    "Project Phoenix",
    "R&D <beta>",
)


@dataclass(frozen=True, slots=True)
class Group:
    """As the table has it."""

    id: str
    name: str

    @property
    def key(self) -> str:
        """What it is found by."""
        return fold(self.name)


@dataclass(frozen=True, slots=True)
class Company:
    """Groups by what they are of. `teams`: of a department at a site, where the company is large enough for them."""

    departments: tuple[Group, ...]
    sites: tuple[Group, ...]
    teams: dict[tuple[int, int], Group]
    extra: tuple[Group, ...]

    @property
    def groups(self) -> tuple[Group, ...]:
        """All of them."""
        return (*self.departments, *self.sites, *self.teams.values(), *self.extra)

    def of(self, chance: Random) -> tuple[int, int, tuple[Group, ...]]:
        """Somebody's department and site, and the groups that they are in by that."""
        department, site = int(len(DEPARTMENTS) * chance.random() ** 1.6), int(len(SITES) * chance.random() ** 1.4)
        found = [self.departments[department], self.sites[site]]
        found += [self.teams[department, site]] if (department, site) in self.teams else []
        found += [chance.choice(self.extra)] if chance.random() < 0.25 else []
        return department, site, tuple(found)


def found(plan: Plan) -> Company:
    """The groups of a company of that size."""
    chance, at = plan.chance("groups"), plan.begin - 900 * DAY

    def groups(names: tuple[str, ...]) -> tuple[Group, ...]:
        return tuple(Group(id_at(chance, at), name) for name in names)

    has_teams = plan.people >= 5_000
    pairs = [(d, s) for d in range(len(DEPARTMENTS)) for s in range(len(SITES))] if has_teams else []
    teams = groups(tuple(f"{DEPARTMENTS[d]} {SITES[s]}" for d, s in pairs))
    return Company(groups(DEPARTMENTS), groups(SITES), dict(zip(pairs, teams, strict=True)), groups(_EXTRA))
