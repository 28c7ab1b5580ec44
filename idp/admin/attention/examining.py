"""What takes longer than a page may: looked at in the background, and kept in State."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from typing import Any, Final

from clients.documents.address import in_path
from idp import reach
from idp.admin.attention import ending_secrets
from idp.admin.attention.finding import MANY, Finding
from idp.answers import symptoms, unopened
from idp.protocols import Services
from idp.texts import N_, plural

EVERY: Final = 600.0  # seconds between two looks at what takes long
HOUR: Final = 3600.0  # seconds between two runs of the checks of `doorward doctor`
_KEPT: Final = "console:attention"
_DOCTOR: Final = "console:doctor"
PROBING: Final = 20.0  # seconds for all applications' addresses together


def of_doctor(services: Services) -> tuple[Finding, ...] | None:
    """What the checks of `doorward doctor` found, at most an hour ago; None where they have not run."""
    found: Any = services.state.get(_DOCTOR)
    return None if found is None else tuple(Finding(**one) for one in found)


def keep_of_doctor(services: Services, found: Iterable[Finding]) -> None:
    """Keep what the checks found; whoever knows them calls this, as this room does not."""
    services.state.put(_DOCTOR, [asdict(finding) for finding in found], 3 * HOUR)


def examine(services: Services) -> None:
    """Look at applications' addresses, metadata and secrets, and at people's factors; keep what was found."""
    looks = (
        *_lacking(services), *_unreachable(services), *_saml(services), *_symptoms(services),
        *ending_secrets.findings(services), *_unopened(services),
    )  # fmt: skip
    found = [asdict(finding) for finding in looks]
    services.state.put(_KEPT, found, 6 * EVERY)


def kept_of_applications(services: Services) -> Iterator[Finding]:
    found: Any = services.state.get(_KEPT) or ()
    yield from (Finding(**one) for one in found)


def _lacking(services: Services) -> Iterator[Finding]:
    """Who will be asked for what they do not have yet."""
    from idp.admin.rules import effects

    many = effects.lacking(services)
    if many:
        text = plural(
            "%(n)s person has no second factor that a sign-in rule asks for.",
            "%(n)s people have no second factor that a sign-in rule asks for.", many,
        )  # fmt: skip
        yield Finding("second_factor", text, "/admin/rules")


def _unreachable(services: Services) -> Iterator[Finding]:
    until, after, found = time.monotonic() + PROBING, None, 0
    while page := services.registry.list(after, 1000):
        for entry in page:
            client = services.registry.find(entry.id)
            for one in reach.find_unreachable(services, client, until) if client is not None else ():
                found += 1
                text = N_("%(app)s: an address of it cannot be reached.", app=one.name)
                what = f"{one.setting} {one.url}: {one.reason}"
                yield Finding("unreachable", text, f"/admin/apps/{in_path(entry.id)}", what, one.explanation.fix)
                if found >= MANY or time.monotonic() > until:
                    return
        after = page[-1].key


def _symptoms(services: Services) -> Iterator[Finding]:
    """What an application's traffic looks like, where it keeps people out: the first of each."""
    found = 0
    for client, looks in symptoms.of_everybody(services, time.monotonic() + PROBING, time.monotonic):
        first = next((one for one in looks if one.weight == "wrong" and one.proven), None)
        if first is None:
            continue
        found += 1
        text = N_("%(app)s: its sign-ins do not go as they should.", app=client.name)
        yield Finding("symptom", text, f"/admin/apps/{in_path(client.id)}#symptoms", first.what, first.causes[0].fix)
        if found >= MANY:
            return


def _unopened(services: Services) -> Iterator[Finding]:
    many, names = unopened.first(services, 5)
    if many:
        text = plural(
            "%(n)s application has been opened by nobody for 90 days.",
            "%(n)s applications have been opened by nobody for 90 days.", many,
        )  # fmt: skip
        fix = "turn off what nobody needs: it can be turned on again"
        yield Finding("unopened", text, "/admin/apps?show=unopened", ", ".join(names), fix)


def _saml(services: Services) -> Iterator[Finding]:
    from idp.saml.metadata.certificate_dates import find_doubts
    from idp.saml.metadata.troubles import of_everybody

    found = 0
    for client, texts in of_everybody(services):
        path, doubts = f"/admin/apps/{in_path(client.id)}", find_doubts(services, client)
        found += len(texts) + len(doubts)
        for text in texts:
            yield Finding("saml", N_("%(app)s: something keeps people from signing in.", app=client.name), path, text)
        for text in doubts:
            told = N_("%(app)s: a certificate in its metadata has run out, or is not valid yet.", app=client.name)
            yield Finding("saml_certificate", told, path, text)
        if found >= MANY:
            return
