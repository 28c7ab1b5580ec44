"""A setting as it may be shown to admins: what opens something is not (S18)."""

from __future__ import annotations

import re
from typing import Any, Final
from urllib.parse import urlsplit

from idp.config.several_hosts import hosts_in

#: Settings whose value opens something. `tests/config/test_masking.py` holds every setting to a decision.
SECRET: Final = frozenset(
    (
        ("keys", "master_key"),
        ("keys", "master_key_command"),  # it may carry a password as an argument
        ("keys", "pkcs11_pin"),
        ("keys", "pkcs11_pin_command"),
        ("keys", "transit_token"),
        ("mail", "password"),
        ("sms", "token"),
        ("audit", "webhook_secret"),
        ("backup", "passphrase"),
        ("metrics", "token"),
        ("tracing", "token"),
    )
)
#: Settings that are addresses of machines which may carry credentials in any part: host and scheme alone are shown.
ADDRESSES: Final = frozenset(
    (
        ("storage", "database_url"),
        ("storage", "state_url"),
        ("keys", "transit_url"),
        ("sms", "url"),
        ("audit", "webhook"),
        ("audit", "syslog"),
        ("tracing", "endpoint"),
    )
)
MASKED: Final = "…"


def masked(section: str, key: str, value: Any) -> Any:
    """The value, or what may be shown in its place."""
    if (section, key) in SECRET and value:
        return MASKED
    if (section, key) in ADDRESSES and value:
        return _address(str(value))
    return value


def _address(value: str) -> str:
    """Scheme, host and port, or all of them; of a file its path."""
    try:
        url = urlsplit(value)
        if "," in (several := hosts_in(value)):
            place = several
        else:
            place = f"{url.hostname or ''}:{url.port}" if url.port else url.hostname or ""
    except ValueError:
        return MASKED
    if not url.scheme:
        return MASKED
    if not place:
        return f"{url.scheme}://{MASKED}" if "@" in value or url.query else re.sub(r"[^\x20-\x7e]", "?", value)
    hidden = MASKED if url.username or url.password or url.query or len(url.path) > 1 else ""
    return f"{url.scheme}://{place}{'/' + hidden if hidden else ''}"
