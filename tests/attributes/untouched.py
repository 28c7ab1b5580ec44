"""What a browser sends of the controls of a page that nobody touched, as far as the test browser does not read them."""

from __future__ import annotations

from lxml import html

from tests.provider import Answer


def untouched(page: Answer) -> dict[str, str]:
    """The values of all selects and textareas, with the ends of lines of HTML Standard §4.10.21.4."""
    found = {}
    for control in html.fromstring(page.text).xpath("//form//select | //form//textarea"):
        value = control.value if control.tag == "select" else control.text.removeprefix("\n").replace("\n", "\r\n")
        found[str(control.name)] = str(value)
    return found
