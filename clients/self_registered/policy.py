"""What an initial access token lets be registered."""

from __future__ import annotations

import fnmatch
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any, Final

from clients import offered, uris
from clients.errors import InvalidMetadata, Problem
from clients.profiles import PROFILES
from clients.relying_party import FIELDS

#: Redirect URIs on the person's own device, where a policy names hosts.
LOOPBACK: Final = "loopback"
#: What an admin may let clients have that the standards of today do not, by the setting that it fills.
LEGACY: Final = {"client_assertion_audience": "legacy", "request_uri_hash": "ignored"}
MAX_CLIENTS: Final = 100_000
MAX_DAYS: Final = 3660


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """`hosts` of redirect URIs: names, `*.example.com`, "loopback", an app's scheme with its colon; empty: any.

    `resources`: what its clients may ask tokens for (RFC 8707), beside ourselves. `starts_off`: each waits for an admin
    to turn it on. `owner`: who answers for them, a person's id. `vouched`: an admin answers for what comes by it, so
    it is no stranger, and may be called where other applications may. `legacy`: what is taken of old libraries.
    """

    profiles: tuple[str, ...] = ("web", "spa", "native")
    grant_types: tuple[str, ...] = ("authorization_code", "refresh_token")
    scopes: tuple[str, ...] = ("openid", "profile", "email", "offline_access")
    hosts: tuple[str, ...] = ()
    resources: tuple[str, ...] = ()
    starts_off: bool = False
    owner: str = ""
    vouched: bool = False
    legacy: tuple[str, ...] = ()

    @property
    def settings(self) -> dict[str, Any]:
        """What an admin says by it of every client, which none can say of itself."""
        return {
            **self.vouching,
            **({"resources": [*self.resources]} if self.resources else {}),
            **{name: LEGACY[name] for name in self.legacy},
        }

    @property
    def vouching(self) -> dict[str, Any]:
        """Whether people are told that nobody has checked it; they are asked in any case."""
        return {"consent": "explicit", **({} if self.vouched else {"self_registered": True})}

    def to_json(self) -> dict[str, Any]:
        """As it is kept."""
        return {key: list(value) if isinstance(value, tuple) else value for key, value in asdict(self).items()}

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> Policy:
        """As it was kept; what a later release added is left out."""
        known = {field.name for field in fields(cls)}
        values: dict[str, Any] = {
            key: tuple(value) if isinstance(value, list) else value for key, value in kept.items() if key in known
        }
        return cls(**values)

    def checked(self) -> Policy:
        """Itself. Errors: `InvalidMetadata` where something in it is none."""
        problems = [
            *_unknown("profiles", self.profiles, PROFILES),
            *_unknown("grant_types", self.grant_types, dict.fromkeys((*offered.GRANT_TYPES, offered.IMPLICIT))),
            *_unknown("legacy", self.legacy, LEGACY),
        ]
        if self.legacy and "fapi2" in self.profiles:
            problems.append(
                Problem("legacy", "applications of the profile fapi2 have none of these: leave one of both out")
            )
        problems += [
            Problem(name, "name at least one") for name in ("profiles", "grant_types") if not getattr(self, name)
        ]
        for name, key, value in (
            ("scopes", "scope", " ".join(self.scopes)),
            ("resources", "resources", [*self.resources]),
        ):
            try:
                FIELDS[key].check(value, False)
            except ValueError as error:
                problems.append(Problem(name, str(error)))
        problems += [Problem("hosts", f"{one[:60]}: expected a host, *.host, {LOOPBACK} or a scheme with its colon")
                     for one in self.hosts if not _is_host(one)]  # fmt: skip
        if problems:
            raise InvalidMetadata(*problems)
        return self

    def takes_host(self, uri: str) -> bool:
        """Whether its hosts have a redirect URI's."""
        if not self.hosts:
            return True
        try:
            parts = uris.read(uri)
        except ValueError:
            return True  # told by the rules of redirect URIs
        if parts.scheme not in uris.DEFAULT_PORTS:
            return f"{parts.scheme}:" in self.hosts
        if parts.is_loopback:
            return LOOPBACK in self.hosts
        return any(fnmatch.fnmatchcase(parts.host, pattern) for pattern in self.hosts)


def _unknown(field: str, given: Sequence[str], known: Mapping[str, Any]) -> Iterator[Problem]:
    for one in given:
        if one not in known:
            yield Problem(field, f"{one[:60]} is unknown; expected {', '.join(known)}")


def _is_host(one: str) -> bool:
    if one == LOOPBACK:
        return True
    if one.endswith(":"):
        return one[:-1].replace(".", "").replace("-", "").isalnum() and one == one.lower()
    try:
        return uris.read(f"https://{one.removeprefix('*.')}/").host == one.removeprefix("*.")
    except ValueError:
        return False
