"""The rows of the page of activity."""

from __future__ import annotations

from tests.provider import Answer


def rows(page: Answer) -> list[str]:
    """The ids of the events on a page, in their order."""
    return [about["id"].removeprefix("e-") for about in page.dom.find("details", class_="event")]
