"""A device in words, for the person whose device it may be."""

from __future__ import annotations

from functools import lru_cache

from idp.showing import describe_browser
from idp.texts import N_

UNKNOWN = N_("An unknown device")
_LONGEST = 256  # characters of a user agent that the full parser is given


@lru_cache(maxsize=1000)
def describe(user_agent: str) -> str:
    """Words such as "Firefox on Linux" for a User-Agent header; templates translate them with `_`."""
    browser, _, system = describe_browser(user_agent).partition(" on ")
    if browser == "Unknown browser":
        # The rare ones: the full parser costs half a second and megabytes at its first use, so most never come to it.
        browser, system = _parsed(user_agent[:_LONGEST])
    if not browser:
        return system or UNKNOWN
    return N_("%(browser)s on %(system)s", browser=browser, system=system) if system else browser


def again(words: str) -> str:
    """What `describe` said, ready to be said in any language: on its way through a queue it became a plain text."""
    browser, on, system = words.partition(" on ")
    return N_("%(browser)s on %(system)s", browser=browser, system=system) if on else words


def _parsed(user_agent: str) -> tuple[str, str]:
    if not user_agent.strip():
        return "", ""
    import ua_parser  # hundreds of patterns, compiled as they are tried

    found = ua_parser.parse(user_agent)
    return found.user_agent.family if found.user_agent else "", found.os.family if found.os else ""
