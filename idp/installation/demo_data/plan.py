"""How much there is to be, and chance that is the same for the same seed."""

from __future__ import annotations

from base64 import b32encode
from dataclasses import dataclass
from random import Random
from typing import Final

from idp.ids import base32

DAY: Final = 86400.0
DAYS: Final = 400  # of sign-ins
#: RFC 2606 §2: no mail ever gets there, and no address leads anywhere.
DOMAIN: Final = "demo.example"


@dataclass(frozen=True, slots=True)
class Plan:
    """So many of each. `now`: epoch seconds, where the 400 days end; `password_hash`: of the one that all have."""

    people: int
    apps: int
    events: int
    seed: int
    now: float
    password_hash: str

    def chance(self, of: str) -> Random:
        """A source of its own for each part, so that more of one changes nothing in another."""
        return Random(f"{self.seed}:{of}")  # noqa: S311  no secret comes of it

    @property
    def domain(self) -> str:
        """Where their mail and their applications would be; each seed has its own, so that two fit in one place."""
        return DOMAIN if self.seed == 1 else f"s{self.seed}.{DOMAIN}"

    @property
    def begin(self) -> float:
        """When the record begins: at midnight (UTC), so that its last day is today."""
        return (self.now // DAY - (DAYS - 1)) * DAY


def person_id(chance: Random) -> str:
    """As `person.new_person_id` makes them."""
    return "u" + _letters(chance, 17)[:26]


def client_id(chance: Random) -> str:
    """As the registry makes them."""
    return "c" + _letters(chance, 15)


def id_at(chance: Random, at: float) -> str:
    """As `ids.new_id` makes them, of that moment."""
    return moment(at) + chance.randbytes(8).hex()


def moment(at: float) -> str:
    """What an id of that moment begins with; 16 digits follow."""
    return base32(int(at * 1000).to_bytes(6, "big") + bytes(10))[:10]


def _letters(chance: Random, many: int) -> str:
    return b32encode(chance.randbytes(many)).decode("ascii").rstrip("=").lower()
