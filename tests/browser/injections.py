"""Hostile text, and a page in which it does nothing."""

from __future__ import annotations

from playwright.sync_api import Page

#: Breaks out of attributes, texts, scripts and templates; each would call `alert` or leave an element behind.
PAYLOADS = (
    "\"'><x-canary></x-canary><img src=x onerror=\"window.ran=1;alert('ran')\">",
    "<script>window.ran=1;alert('ran')</script>",
    "</textarea></title></script><x-canary></x-canary><svg/onload=alert('ran')>",
    "javascript:alert('ran')//",
    "{{7*7}}{% raw %}${7*7}<x-canary>",
    "x\" autofocus onfocus=alert('ran') x=\"",
)
#: All at once, for pages that are many.
ALL = (" ".join(PAYLOADS), "javascript:alert('ran')//")
#: What came of it: elements, scripts, handlers and links that no page of ours has.
LOOK = """() => {
  const all = [...document.querySelectorAll("*")];
  return {
    ran: Boolean(window.ran),
    canaries: document.querySelectorAll("x-canary, img[src='x'], svg[onload]").length,
    scripts: [...document.scripts].filter((script) => !script.src).length,
    handlers: all.flatMap((element) => element.getAttributeNames()).filter((name) => name.startsWith("on")),
    links: [...document.links].map((a) => a.protocol).filter((p) => !["http:", "https:", "mailto:"].includes(p)),
  };
}"""


def assert_inert(page: Page) -> None:
    """No element came of it, and no script ran."""
    found = page.evaluate(LOOK)
    assert found == {"ran": False, "canaries": 0, "scripts": 0, "handlers": [], "links": []}, page.url
