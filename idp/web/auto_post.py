"""The page that posts itself to an application: SAML's POST binding, OAuth's form_post."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from typing import Any

from markupsafe import escape

from idp import texts
from idp.wire import AutoPost

MAX_MOULDS = 256  # pages kept without their values: languages times applications


class AutoPosts:
    """Renders such pages; each is kept without its values."""

    def __init__(self, render: Callable[[str, Mapping[str, Any]], str], brands: Mapping[str, Any]) -> None:
        self._render, self._brands = render, brands
        self._moulds: dict[tuple[str, str, tuple[str, ...], bool], list[str | int]] = {}

    def body(self, locale: str, post: AutoPost) -> bytes:
        """The page in a language."""
        names = tuple(name for name, _ in post.fields)
        key = (locale, post.app_name, names, post.action.lower().startswith(("https://", "http://")))
        mould = self._moulds.get(key)
        if mould is None:
            if len(self._moulds) >= MAX_MOULDS:
                self._moulds.clear()
            mould = self._moulds[key] = self._mould(*key)
        values = [str(escape(value)) for value in (post.action, *(value for _, value in post.fields))]
        body = "".join(values[part] if isinstance(part, int) else part for part in mould)
        return body.encode()

    def _mould(self, locale: str, app_name: str, names: tuple[str, ...], is_web: bool) -> list[str | int]:
        """The page with numbers in the places of the address and the fields' values: it is made for every SAML
        response, and the template takes longer than all of the message but its signatures."""
        mark = os.urandom(16).hex()
        scheme = "https://" if is_web else "x:"
        fields = [(name, f"{mark}-{number}-") for number, name in enumerate(names, 1)]
        about = {
            "app": None,
            "person": None,
            "here": "",
            "back": "",
            **texts.words(locale),
            "brand": self._brands[locale],
        }
        values = {"action": f"{scheme}{mark}-0-", "fields": fields, "app_name": app_name, **about}
        parts = re.split(f"(?:{scheme})?{mark}-([0-9]+)-", self._render("auto_post.html", values))
        return [int(part) if at % 2 else part for at, part in enumerate(parts)]
