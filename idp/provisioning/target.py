"""An application that people and groups are written to: what is said of it, and how its deliveries stand."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Final, Literal

Off = Literal["disable", "delete", "nothing"]
GroupsAs = Literal["groups", "entitlements", "no"]
State = Literal["on", "off", "stopped"]

OFF: Final[tuple[Off, ...]] = ("disable", "delete", "nothing")
GROUPS_AS: Final[tuple[GroupsAs, ...]] = ("groups", "entitlements", "no")

#: SCIM's attributes, and what of a person goes there. An address and a number are their primary one.
MAPPING: Final[Mapping[str, str]] = {
    "userName": "username", "displayName": "name", "name.formatted": "name", "name.givenName": "given_name",
    "name.familyName": "family_name", "emails": "email",
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What an admin says of a target. `url`: its SCIM base address.

    `token_url`, `token_client`, `token_scope`: where its tokens come from, by client credentials (RFC 6749 §4.4); ''
    where a bearer token is shown as it is. `mapping`: SCIM's attribute to ours; `only`: the groups that are sent, none:
    those that the limit of the application names, or all; `off`: what becomes there of who may not open it any more;
    `adopts`: whom it has under the same name is taken over; `brake`, `brake_share`: before more of its
    people than both would be ended there within a day nothing is sent: a number, and percent of those who are there.
    """

    url: str
    token_url: str = ""
    token_client: str = ""
    token_scope: str = ""
    mapping: Mapping[str, str] = field(default_factory=lambda: dict(MAPPING))
    groups: GroupsAs = "groups"
    only: tuple[str, ...] = ()
    off: Off = "disable"
    adopts: bool = False
    brake: int = 20
    brake_share: int = 10

    def to_json(self) -> dict[str, Any]:
        """As it is stored and shown."""
        return {
            "url": self.url, "token_url": self.token_url, "token_client": self.token_client,
            "token_scope": self.token_scope, "mapping": dict(self.mapping), "groups": self.groups,
            "only": list(self.only), "off": self.off, "adopts": self.adopts, "brake": self.brake,
            "brake_share": self.brake_share,
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Abilities:
    """What the other side says of itself (RFC 7643 §5). `problem`: why it is not known, '' where it is."""

    patch: bool = False
    filter: bool = True
    problem: str = ""
    read_at: float = 0.0

    def to_json(self) -> str:
        """As it is stored."""
        return json.dumps(asdict(self))


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A target as it stands. Times are epoch seconds.

    `state`: `stopped` by a refusal of the credentials, with its `reason`; `retry_at`: nothing is sent before, since it
    did not answer (`failures` times) or asked for time; `forbidden`: refusals of single objects in a row; `unwell`:
    errors of its own in a row. `braked`: how many would have been ended as the brake stopped it; `endings`: how many
    were, by kind and hour (`ended` since `ended_since`: people, as releases before counted them); an admin has let so
    many end (`let_end`) before `let_until`. `seen`: of the application's limit and of what it may not be told; `walk`:
    how far everybody was looked at, None: it is done; `again`: all is sent anew.
    """

    client_id: str
    said: Said
    sealed: str = field(default="", repr=False)
    state: State = "on"
    reason: str = ""
    retry_at: float = 0.0
    failures: int = 0
    forbidden: int = 0
    unwell: int = 0
    braked: int = 0
    ended: int = 0
    ended_since: float = 0.0
    endings: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    let_end: int = 0
    let_until: float = 0.0
    seen: str = ""
    walk: str | None = ""
    again: bool = False
    abilities: Abilities = Abilities()
    due: float | None = None
    claimed_until: float | None = None
    created_at: float = 0.0
    changed_at: float = 0.0


def said_of(kept: Mapping[str, Any]) -> Said:
    """The stored form back."""
    known = {name: kept[name] for name in Said.__dataclass_fields__ if name in kept}
    return Said(**{**known, "only": tuple(known.get("only", ()))})
