"""The WSGI entry: `idp.wsgi:application` for any WSGI server, `create` for our own."""

from __future__ import annotations

import gc
import os
import threading
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from idp.config import Settings
    from idp.protocols import Services

App = Callable[[dict[str, Any], Any], Iterable[bytes]]

_made: dict[int, App] = {}
_making = threading.Lock()


def application(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    """The provider. Made by the first request of each process: threads and connections do not outlive a fork."""
    app = _made.get(os.getpid())
    if app is None:
        with _making:
            app = _made.get(os.getpid())
            if app is None:
                from idp.installation.files import read_settings

                app, _ = create(read_settings(None))
                _made[os.getpid()] = app
    return app(environ, start_response)


def create(settings: Settings) -> tuple[App, Services]:
    """The provider's WSGI application and its parts, the background work begun.

    Errors: `Failed` (of `idp.installation.failures`) where the installation is not fit to serve.
    """
    gc.disable()  # thousands of classes and functions are about to be made, and all of them stay
    from idp.installation.failures import explained
    from idp.installation.files import check_initialised
    from idp.installation.schema import check_current

    check_initialised(settings)
    check_current(settings)
    with explained():
        from idp.app import create_app, start_background
        from idp.opening import create_services

        services = create_services(settings)
        app = create_app(services)
        services.ring.snapshot()  # importing the keys belongs to the start, not to somebody's sign-in
        start_background(services)
    gc.freeze()  # what is there now is never looked at again: shorter pauses
    gc.enable()
    return app.wsgi_app, services


def forget_secrets() -> None:
    """Take secrets, and what would pass for a request's header, out of what this process hands to WSGI as environ."""
    for name in list(os.environ):
        if name.startswith("HTTP_") or name == "DOORWARD_MASTER_KEY":
            del os.environ[name]
