"""The certificate of an application (RFC 8705): where its name differs from the registered one, how."""

from __future__ import annotations

from collections.abc import Iterator

from clients.certificate_names import read_dn
from idp.answers.differences import differences
from idp.answers.finding import Finding
from idp.answers.seen import Seen


def look(seen: Seen) -> Iterator[Finding]:
    """What is registered is for whoever looks after the application, and for nobody who has the link alone (Q4)."""
    kind = seen.refused_as
    if not kind.startswith("certificate_") or seen.told("side") != "application":
        return
    field, expected, got, fix = (seen.told(name) for name in ("field", "expected", "got", "fix"))
    if kind == "certificate_name":
        fix = f"{_how(field, expected, got)}{fix}"
    yield Finding(kind, "application", field, fix, expected, got, reader="app")


def _how(field: str, registered: str, got: str) -> str:
    """How the two names differ, as a sentence; '' where they have nothing in common."""
    if field == "tls_client_auth_subject_dn":
        try:
            ours, shown = (list(read_dn(one).rdns) for one in (registered, got))
        except ValueError:
            return ""
        if ours == shown[::-1]:
            return "They are the same parts in the other order: RFC 4514 writes the most specific first. "
        if missing := [one.rfc4514_string() for one in shown if one not in ours]:
            more = [one.rfc4514_string() for one in ours if one not in shown]
            lacks = f", in the place of {', '.join(more)}" if more else ""
            return f"The certificate has {', '.join(missing)}{lacks}. "
        if more := [one.rfc4514_string() for one in ours if one not in shown]:
            return f"The certificate lacks {', '.join(more)}. "
    found = differences(got, registered)
    return f"{found[0][:1].upper()}{found[0][1:]}. " if found else ""
