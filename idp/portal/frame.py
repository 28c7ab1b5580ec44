"""The frame of the person's own pages: `templates/portal/page.html`, with their name and the way around."""

from __future__ import annotations

from typing import Any

from idp.login import pages
from idp.login.sessions import Session
from idp.wire import Page


def page(session: Session, template: str, *, status: int = 200, **values: Any) -> Page:
    """One of the person's own pages. `template` extends `portal/page.html` and fills its block `content`."""
    return Page(template=template, status=status, values={"person": pages.person(session), **values})
