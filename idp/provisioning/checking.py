"""What may be said of a target: its address, where its tokens come from, which attribute is whose."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

from idp.http import OutboundRefused, parse
from idp.provisioning.target import GROUPS_AS, OFF, Said

MOST_GROUPS: Final = 200
MOST_ATTRIBUTES: Final = 60
MAX_SECRET: Final = 8192  # characters
#: RFC 7643 §4.1, and the extension of companies by a short name; any other one by its URN.
ATTRIBUTES: Final = frozenset(
    ("userName", "displayName", "nickName", "profileUrl", "title", "userType", "preferredLanguage", "locale",
     "timezone", "emails", "phoneNumbers", "name.formatted", "name.givenName", "name.familyName", "name.middleName",
     "name.honorificPrefix", "name.honorificSuffix", "enterprise.employeeNumber", "enterprise.costCenter",
     "enterprise.organization", "enterprise.division", "enterprise.department")
)  # fmt: skip
_URN: Final = re.compile(r"urn:[a-z0-9][a-z0-9-]{0,31}:[A-Za-z0-9:._-]{1,180}:[A-Za-z][A-Za-z0-9_-]{0,60}")
#: What of a person is sent: a field, a claim, or a text that is the same for all (`=text`).
_SOURCE: Final = re.compile(r"[A-Za-z][A-Za-z0-9_.:-]{0,99}|=[^\x00-\x1f\x7f]{1,200}")
_TOKEN: Final = re.compile(r"[\x21-\x7e]{1,8192}")  # RFC 6750 §2.1, and what is sent in a header at all


class InvalidTarget(ValueError):
    """A target cannot be so. `field` is what to change, `message` says why."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(f"{field}: {message}")
        self.field, self.message = field, message


def check(said: Said, secret: str | None) -> None:
    """`secret`: the token or the client's secret, None where the kept one stays. Errors: `InvalidTarget`."""
    for problem in _problems(said, secret):
        raise problem


def _problems(said: Said, secret: str | None) -> Iterator[InvalidTarget]:
    yield from _of_address("url", said.url)
    if said.token_url:
        yield from _of_address("token_url", said.token_url, query=True)
        if not said.token_client:
            yield InvalidTarget("token_client", "say the client id that it has given us")
    elif said.token_client or said.token_scope:
        yield InvalidTarget("token_url", "say where its tokens come from, or leave client id and scope out")
    if any(len(text) > 300 or not text.isprintable() for text in (said.token_client, said.token_scope)):
        yield InvalidTarget("token_client", "at most 300 visible characters")
    if secret is not None and not _TOKEN.fullmatch(secret):
        what = "the client's secret" if said.token_url else "the token"
        yield InvalidTarget("secret", f"give {what} that it has given us: visible ASCII, at most {MAX_SECRET}")
    yield from _of_mapping(said)
    if said.groups not in GROUPS_AS:
        yield InvalidTarget("groups", f"expected one of {', '.join(GROUPS_AS)}")
    if said.off not in OFF:
        yield InvalidTarget("off", f"expected one of {', '.join(OFF)}")
    if not 0 < said.brake < 10**9:
        yield InvalidTarget("brake", "expected a number of people, such as 20")
    if not 0 < said.brake_share <= 100:
        yield InvalidTarget("brake_share", "expected percent of those who are there, 1 to 100; 100 never stops")
    if len(said.only) > MOST_GROUPS or any(not name.strip() or len(name) > 200 for name in said.only):
        yield InvalidTarget("only", f"at most {MOST_GROUPS} groups, by name")
    if said.only and said.groups == "no":
        yield InvalidTarget("only", "no groups are sent: name none, or say how they are sent")


def _of_address(field: str, url: str, *, query: bool = False) -> Iterator[InvalidTarget]:
    try:
        target = parse(url)
    except OutboundRefused as error:
        yield InvalidTarget(field, f"expected an address such as https://app.example.com/scim/v2 ({error.reason})")
        return
    if target.scheme not in ("https", "http") or ("?" in target.path and not query) or "#" in url:
        yield InvalidTarget(field, "expected an https address without parameters")


def _of_mapping(said: Said) -> Iterator[InvalidTarget]:
    mapping: Any = said.mapping
    if not isinstance(mapping, dict) or len(mapping) > MOST_ATTRIBUTES:
        yield InvalidTarget("mapping", f"at most {MOST_ATTRIBUTES} attributes")
        return
    if "userName" not in mapping:
        yield InvalidTarget("mapping", "userName is missing: it is whom they know there")
    for attribute, source in mapping.items():
        if attribute not in ATTRIBUTES and not _URN.fullmatch(str(attribute)):
            yield InvalidTarget("mapping", f"{str(attribute)[:80]} is no attribute of SCIM that can be sent")
        if not isinstance(source, str) or not _SOURCE.fullmatch(source):
            message = f"{str(attribute)[:80]}: expected a field, a claim or =text"
            yield InvalidTarget("mapping", message)
