"""Where metadata comes from: a service provider's own URL, a federation's aggregate, an MDQ server.

Door: `find_service_provider` for the endpoints; `register`, `add_and_read`, `refresh`, `remove` for admins; `schedule`.
Rule: what cannot be read or trusted changes nothing: the last good copy stands until its validUntil.
"""

from idp.saml.metadata.sources.administering import (
    SourceDraft,
    add,
    add_and_read,
    brought,
    change,
    check,
    check_defaults,
    count_entities,
    find,
    get,
    list_all,
    refresh,
    refresh_client,
    remove,
)
from idp.saml.metadata.sources.lookup import find_service_provider
from idp.saml.metadata.sources.refresh_result import RefreshResult
from idp.saml.metadata.sources.registering import Origin, read_url, register, replace_metadata
from idp.saml.metadata.sources.scheduling import refresh_due, schedule
from idp.saml.metadata.sources.store import Source

__all__ = [
    "Origin", "RefreshResult", "Source", "SourceDraft", "add", "add_and_read", "brought", "change", "check",
    "check_defaults", "count_entities", "find", "find_service_provider", "get", "list_all", "read_url", "refresh",
    "refresh_client", "refresh_due", "register", "remove", "replace_metadata", "schedule",
]  # fmt: skip
