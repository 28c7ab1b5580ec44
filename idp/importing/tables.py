"""Tables: a CSV with a column of hashes, and the password file of a web server."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from idp.accounts import importing
from idp.accounts.carrying import Carried
from idp.accounts.hash_schemes import UnknownScheme
from idp.accounts.person import Draft, InvalidPerson
from idp.importing import hashes, seeds
from idp.importing.found import Found, Left, NotReadable, Someone

#: Columns beside those of `doorward user import`.
_OWN: Final = ("id", "password_hash", "totp_secret", "enabled")
_NO: Final = ("0", "false", "no", "n", "off")


def csv_people(files: Sequence[bytes]) -> Found:
    """One person a line; the columns of `doorward user import`, and `id`, `password_hash`, `totp_secret`, `enabled`."""
    people: list[Someone] = []
    left: list[Left] = []
    for raw in files:
        for line, row in importing.rows(raw.decode("utf-8-sig"), is_json=False):
            if not isinstance(row, Mapping):
                left.append(Left("line", str(line), str(row)))
                continue
            try:
                people.append(_row(row, left))
            except InvalidPerson as error:
                left += (Left("line", str(line), f"{one.field}: {one.message}") for one in error.problems)
    if not people:
        raise NotReadable("there is nobody in it: its first line names columns, such as username,email,password_hash")
    return Found(product="CSV", people=tuple(people), left=tuple(left))


def _row(row: Mapping[str, Any], left: list[Left]) -> Someone:
    named = {name.strip().lower(): value for name, value in row.items()}
    if not {"username", "email", "login"} & named.keys():
        raise InvalidPerson("", "there is no column username, login or email, or nothing in it")
    draft = importing.draft_of({name: value for name, value in row.items() if name.strip().lower() not in _OWN})
    secret = str(named.get("totp_secret") or "").strip()
    carried = Carried(
        draft=draft, id=str(named.get("id") or "").strip().lower(),
        enabled=str(named.get("enabled") or "").strip().lower() not in _NO,
        seeds=tuple(seeds.of(draft.username, secret, "Authenticator app", left)) if secret else (),
    )  # fmt: skip
    return hashed(carried, str(named.get("password_hash") or "").strip(), left)


def htpasswd(files: Sequence[bytes]) -> Found:
    """`name:hash` a line, as Apache's htpasswd writes it."""
    people: list[Someone] = []
    left: list[Left] = []
    for name, text in (pair for raw in files for pair in _pairs(raw.decode("utf-8"))):
        people.append(hashed(Carried(draft=Draft(username=name)), text, left))
    if not people:
        raise NotReadable("no line of it is name:hash")
    return Found(product="htpasswd", people=tuple(people), left=tuple(left))


def hashed(carried: Carried, text: str, left: list[Left]) -> Someone:
    """With a hash in whatever form; what cannot be compared is told in `left`, and they set a new password."""
    if not text:
        return Someone(carried=carried)
    try:
        found = hashes.ldap(text) if text.startswith("{") else hashes.plain(text)
    except UnknownScheme as error:
        left.append(Left("password", carried.draft.username, f"{error}: they set a new one"))
        return Someone(carried=carried)
    return hashes.given(carried, found)


def _pairs(text: str) -> Iterator[tuple[str, str]]:
    for line in text.splitlines():
        name, colon, value = line.strip().partition(":")
        if name and colon and not name.startswith("#"):
            yield name, value.partition(":")[0]
