"""What GitHub's REST API says of somebody: the account, its verified address, organisations and teams."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from idp.federation import calling, failures
from idp.federation.github import addresses
from idp.federation.provider import Provider
from idp.http.client import Fetched
from idp.protocols import Services

PAGE: Final = 100  # the most that GitHub gives at once
MOST_PAGES: Final = 10
MAX_BYTES: Final = 2**20  # of one page: a team with its organisation has some kilobytes


@dataclass(frozen=True, slots=True)
class Asking:
    """With whose token what is asked."""

    services: Services
    provider: Provider
    token: str = field(repr=False)


def user(asking: Asking) -> Mapping[str, Any]:
    """The account. Errors: `Refused`."""
    fetched = _get(asking, "/user")
    said = calling.read_object(asking.provider, fetched, "/user")
    if fetched.status != 200:
        raise failures.answer(asking.provider, f"/user: status {fetched.status}, {_message(fetched)}")
    return said


def verified_email(asking: Asking) -> str:
    """The primary address, where GitHub itself has had it proven; '' where there is none, or we may not read it."""
    if not addresses.is_github_com(asking.provider):
        return ""  # an Enterprise Server marks addresses as verified that nobody has proven
    found = _pages(asking, "/user/emails") or ()
    return next((str(one.get("email", "")) for one in found if one.get("primary") is True
                 and one.get("verified") is True), "")  # fmt: skip


def organisations(asking: Asking) -> list[Mapping[str, Any]] | None:
    """Those that the account is in, as GitHub has them. None: we may not read all of them."""
    return _pages(asking, "/user/orgs")


def names_of(organisations: list[Mapping[str, Any]] | None) -> tuple[str, ...] | None:
    """Each by its name and by its number: `acme`, `id:123`."""
    if organisations is None:
        return None
    return tuple(name for one in organisations for name in _named(one, "login", "id"))


def memberships(asking: Asking, organisations: list[Mapping[str, Any]] | None) -> tuple[str, ...] | None:
    """Organisations and teams: `acme`, `id:123`, `acme/devs`, `id:123/456`. None: we may not read all of them.

    Names may be somebody else's one day, after a rename; the numbers never are.
    """
    teams = _pages(asking, "/user/teams")
    named = names_of(organisations)
    if named is None or teams is None:
        return None
    found = [*named]
    for team in teams:
        above = team.get("organization")
        pairs = zip(_named(above, "login", "id"), _named(team, "slug", "id"), strict=False)
        found += [f"{org}/{name.removeprefix('id:')}" for org, name in pairs]
    return tuple(dict.fromkeys(found))


def _named(one: Any, name: str, number: str) -> Iterator[str]:
    """Its name in small letters, as GitHub compares names, and its number: both, or nothing."""
    if isinstance(one, Mapping) and isinstance(one.get(name), str) and is_number(one.get(number)):
        yield str(one[name]).lower()
        yield f"id:{one[number]}"


def is_number(value: Any) -> bool:
    """Whether it is the number of an account, an organisation or a team."""
    return isinstance(value, int) and not isinstance(value, bool) and value > 0


def _pages(asking: Asking, path: str) -> list[Mapping[str, Any]] | None:
    """Every row of a list; None where it is not ours to read, or longer than anybody's."""
    rows: list[Mapping[str, Any]] = []
    for page in range(1, MOST_PAGES + 1):
        fetched = _get(asking, f"{path}?per_page={PAGE}&page={page}")
        if fetched.status in (403, 404):  # the scope was not granted, or a permission of the app is missing
            asking.services.log.info("upstream_not_readable", provider=asking.provider.id, what=path)
            return None
        found = _list(asking.provider, fetched, path)
        rows += [one for one in found if isinstance(one, Mapping)]
        if len(found) < PAGE:
            return rows
    return None


def _list(provider: Provider, fetched: Fetched, what: str) -> list[Any]:
    try:
        found = json.loads(fetched.body)
        if fetched.status != 200 or not isinstance(found, list):
            raise ValueError
    except (ValueError, RecursionError):
        raise failures.answer(provider, f"{what}: status {fetched.status}, and no list") from None
    return found


def _get(asking: Asking, path: str) -> Fetched:
    url = addresses.api(asking.provider, path)
    fetched = calling.get(asking.services, asking.provider, url, bearer=asking.token, max_bytes=MAX_BYTES)
    # GitHub: rate limits come with 403 or 429; they are somebody's own, so nobody else is kept out by them.
    if fetched.status == 429 or (fetched.status == 403 and "rate limit" in _message(fetched).lower()):
        raise failures.down(asking.provider, f"{path.partition('?')[0]}: {_message(fetched) or 'rate limit'}")
    if fetched.status == 401:
        raise failures.answer(asking.provider, f"{path.partition('?')[0]}: it does not know the token that it gave")
    return fetched


def _message(fetched: Fetched) -> str:
    try:
        said = json.loads(fetched.body)
    except (ValueError, RecursionError):
        return ""
    return str(said.get("message", ""))[:200] if isinstance(said, dict) else ""
