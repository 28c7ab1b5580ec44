"""The edge: requests into `wire.Request`, `wire` answers into status, headers and body.

Hot paths are served by `Front` directly, everything else through Flask; both end in `Bridge.respond`, so headers,
cookies, CORS and errors are decided once, here.
"""

from idp.showing import describe_browser, form_target, form_targets, shown_app, utc

from .bridge import Bridge
from .front import Front

__all__ = ["Bridge", "Front", "describe_browser", "form_target", "form_targets", "shown_app", "utc"]
