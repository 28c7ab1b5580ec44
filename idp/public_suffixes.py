"""Domains under which strangers have theirs: no passkey can belong to one (WebAuthn §5.1.2, HTML's registrable domain).

The whole list (publicsuffix.org) changes weekly and has ten thousand lines; this knows the kinds that an operator
writes by mistake. Browsers know the rest and refuse it.
"""

from __future__ import annotations

#: `co.uk`, `com.au`, `ac.at`: what registries of two-letter domains sell under.
_SECOND = frozenset(
    ("ac", "co", "com", "edu", "go", "gob", "gov", "govt", "gv", "ltd", "me", "mil", "ne", "net", "nom", "or", "org",
     "plc", "sch")
)  # fmt: skip
_HOSTING = frozenset(
    ("amazonaws.com", "appspot.com", "azurewebsites.net", "cloudapp.net", "cloudfront.net", "duckdns.org", "dyndns.org",
     "fly.dev", "github.io", "gitlab.io", "herokuapp.com", "netlify.app", "ngrok.app", "ngrok.io", "ngrok-free.app",
     "onrender.com", "pages.dev", "run.app", "sslip.io", "trycloudflare.com", "vercel.app", "web.app", "workers.dev")
)  # fmt: skip


def is_public_suffix(domain: str) -> bool:
    """Whether anybody may have a name below this one, as far as is known here."""
    labels = domain.split(".")
    return len(labels) < 2 or domain in _HOSTING or (len(labels) == 2 and len(labels[1]) == 2 and labels[0] in _SECOND)
