"""A path and who answers it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from .request import Request
from .responses import Response

Handler = Callable[[Any, Request], Response]


@dataclass(frozen=True, slots=True)
class Route:
    """One path and who answers it.

    `path` is literal, or ends in `/<name>` for one trailing segment (`Request.segment`). `hot` paths are served without
    Flask. `api` answers errors in JSON, else on a page. `cors` opens a path to the registered origins of browser apps,
    `public` to any origin: the same for everybody, read without credentials.
    `form`: a POST must carry the page's anti-forgery key; False where the handler has a proof of its own.
    `open`: its form acts for nobody's session, so one from before a sign-in is taken after it, too.
    """

    path: str
    methods: tuple[str, ...]
    handler: Handler
    hot: bool = False
    api: bool = False
    cors: bool = False
    public: bool = False
    form: bool = True
    open: bool = False
