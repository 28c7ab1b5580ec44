"""docs/console.md shows each page of the console: `make screenshots` takes the pictures."""

from __future__ import annotations

import re
from pathlib import Path

from docs.console import IMAGES, NO_PICTURE, PAGE, picture_of
from idp.console.views import PAGES

MOST, MOST_OF_ONE = 6_000_000, 40_000  # bytes


def test_B1_every_page_has_its_picture_or_a_reason_why_not() -> None:
    paths = {one.path for one in PAGES}
    assert not set(NO_PICTURE) - paths
    expected = {picture_of(path) for path in paths - set(NO_PICTURE)}
    assert set(IMAGES.iterdir()) == expected, "run: make screenshots"


def test_B1_the_pictures_are_small_and_the_document_shows_all_of_them() -> None:
    sizes = {file.name: file.stat().st_size for file in IMAGES.iterdir()}
    assert max(sizes.values()) <= MOST_OF_ONE
    assert sum(sizes.values()) <= MOST
    shown = re.findall(r"!\[.+\]\(images/console/(.+?)\)", Path(PAGE).read_text("utf-8"))
    assert sorted(shown) == sorted(sizes)
