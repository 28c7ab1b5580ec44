"""The paths of the transmitter."""

from typing import Final

from idp.signals import configuration, discovery, naming, polling, status, verification
from idp.wire import Route

ROUTES: Final = (
    Route(discovery.PATH, ("GET",), discovery.show, hot=True, api=True, public=True),
    Route(configuration.PATH, ("GET", "POST", "PATCH", "PUT", "DELETE"), configuration.handler, api=True, form=False),
    Route(status.PATH, ("GET", "POST"), status.handler, api=True, form=False),
    Route(naming.ADD, ("POST",), naming.adding, api=True, form=False),
    Route(naming.REMOVE, ("POST",), naming.removing, api=True, form=False),
    Route(verification.PATH, ("POST",), verification.handler, api=True, form=False),
    Route(configuration.POLLED + "<stream>", ("POST",), polling.handler, api=True, form=False),
)
