"""What is done off the request path: keys roll, what ran out is swept, what was kept back is written.

A part of the composition root, since every room has something to sweep. Any number of processes may run it.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from idp import health
from idp.accounts import expiry, recovery
from idp.accounts.sign_in_rules import keeping
from idp.admin import attention, batches, planned_ends, reviews, streams
from idp.admin.break_glass import watching
from idp.answers import symptoms
from idp.arrivals import Arrivals
from idp.audit.chain import sealing
from idp.db import ReadOnly, Unavailable
from idp.federation import keeping as providers
from idp.federation import warming
from idp.federation.ldap import scheduled as directories
from idp.federation.saml import watching as upstream_metadata
from idp.federation.saml.federations import refreshing as federations
from idp.login import access_cases, deliveries, signout
from idp.login.browser import sessions
from idp.meters.notes import Meters
from idp.moving.watching import Watching
from idp.opening import DAY, HOUR
from idp.protocols import Services
from idp.provisioning import serving as provisioning
from idp.readers import Readers
from idp.saml.metadata import sources as saml_sources
from idp.signals import serving as signals

if TYPE_CHECKING:
    from idp.installation.checks import findings


def start_background(services: Services) -> None:
    """Begin, in a thread of its own."""
    threading.Thread(target=_background, args=(services,), name="background", daemon=True).start()


def look_as_doctor(services: Services) -> None:
    """What the operator's checks find, for admins who have no shell."""
    from idp.installation import checks  # what they need is loaded once an hour, not with the first request

    found = (one for one in checks.while_running(services) if one.status != "ok")
    attention.keep_of_doctor(services, map(_told, found))


def _told(one: findings.Finding) -> attention.Finding:
    """How Python was built is worth knowing, and nobody's work today."""
    kind = "advice" if one.check == "python" else "doctor"
    return attention.Finding(kind, f"{one.check}: {one.text}", "/admin/settings", fix=one.fix)


def schedule(services: Services) -> None:
    """What is done once in each period, by one of all the processes."""
    services.jobs.every("keys.tick", 60, lambda: services.ring.tick())
    services.jobs.every("attention", attention.EVERY, lambda: attention.examine(services), lease=120)
    services.jobs.every("doctor", HOUR, lambda: look_as_doctor(services), lease=120)
    services.jobs.every("roles.end", 60, lambda: end_roles(services))
    services.jobs.every("people.planned_ends", planned_ends.EVERY, lambda: planned_ends.run_due(services))
    services.jobs.every("break_glass", watching.EVERY, lambda: watching.watch(services))
    services.jobs.every("reviews", reviews.EVERY, lambda: reviews.run_due(services), lease=120)
    services.jobs.every("people.batches", 60, lambda: batches.resume(services))
    services.jobs.every("sweep", 300, lambda: sweep_out(services))
    services.jobs.every("groups.mend", HOUR, lambda: mend_groups(services), lease=600)
    services.jobs.every("access.past", HOUR, lambda: catch_up(services), lease=600)
    services.jobs.every("audit.seal", sealing.EVERY, lambda: sealing.seal_all(services.db, services.clock))
    if services.settings.audit.syslog or services.settings.audit.webhook:
        services.jobs.every("audit.stream", sealing.EVERY, lambda: streams.send_all(services), lease=180)
    if services.settings.passwords.expire_days:
        services.jobs.every("passwords.notices", 6 * HOUR, lambda: expiry.tell_everybody(services), lease=1800)
    services.jobs.every("cases.access", access_cases.EVERY, lambda: access_cases.close_granted(services))
    services.jobs.every(
        "directories.sync", directories.EVERY, lambda: directories.run_due(services), lease=directories.LEASE
    )
    services.jobs.every(
        "providers.metadata", upstream_metadata.EVERY, lambda: upstream_metadata.run_due(services),
        lease=upstream_metadata.LEASE,
    )  # fmt: skip
    services.jobs.every(
        "providers.federations", federations.EVERY, lambda: federations.run_due(services), lease=federations.LEASE
    )  # fmt: skip
    saml_sources.schedule(services)
    if services.settings.backup.folder:
        from idp.installation.backups import scheduled

        period = services.settings.backup.every_hours * HOUR
        services.jobs.every("backup", period, lambda: scheduled.run(services), lease=scheduled.LEASE)


def _background(services: Services) -> None:
    schedule(services)
    services.db.dispensable = _dispensable()
    services.jobs.start(after=1.0)  # the first answers come before
    _warm(services)
    _note_version(services)
    from idp.installation.processes import Beat  # loaded when the first answers are out

    beat = Beat()

    def compare(services: Services) -> None:
        if not services.jobs.has_left:  # the next one shall not be compared with this one
            beat.tick(services)

    while True:
        services.faults.woken.wait(1.0)
        for failure, work in (*EVERY_SECOND, ("processes_not_compared", compare)):
            try:
                work(services)
            except Exception as error:
                if isinstance(error, ReadOnly) or isinstance(error.__cause__, ReadOnly):
                    continue  # what was kept back is written when the move is over
                services.log.warning(failure, reason=str(error))


def _warm(services: Services) -> None:
    """What registered directories need is imported before somebody's password goes to one."""
    with suppress(Unavailable):  # the first page that shows them tries again
        warming.warm(kept.provider for kept in providers.list_of(services.db) if kept.provider.enabled)


def _dispensable() -> frozenset[Any]:
    """When something was last seen or used: reading goes on without, while the database takes nothing."""
    from clients.kept_secrets import store as secrets
    from idp.accounts.tokens import store as tokens
    from idp.login import store as login

    # A secret that is not turned stays as it is: no cookie goes out for a change that touched nothing.
    used = (login.SEEN, login.SEEN_HERE, login.TURN, login.DOUBT, login.BOUND_USED)
    return frozenset((secrets.TOUCH, tokens.TOUCH, *used))


def _note_version(services: Services) -> None:
    from idp.installation import version

    try:
        version.note(services)
    except Exception as error:
        services.log.warning("version_not_noted", reason=str(error))


def end_roles(services: Services) -> int:
    """Take the roles back that were given for a time (C2); answers how many."""
    from idp import audit
    from idp.accounts import roles

    return roles.end_due(services.db, services.clock(), audit.recorder(services.clock, "doorward"))


def catch_up(services: Services) -> int:
    """Take over into the past what was changed by another release, or by hand; answers how much."""
    from clients import past as apps
    from idp.accounts import past as people
    from idp.db.unhurried import unhurried

    now = services.clock()
    with unhurried(services.db):  # all people and memberships are compared: seconds, with a million
        return apps.catch_up(services.db, now) + people.catch_up(services.db, now)


def mend_groups(services: Services) -> int:
    """Write the groups anew of whom another release, or somebody by hand, gave others than they were put into."""
    from idp.accounts.grouping import effective

    return effective.mend(services.db, services.clock())


def _check_point(services: Services) -> None:
    services.db.checkpoint()
    services.passwords.give_back()


#: What is logged where it fails, and what is done.
EVERY_SECOND: tuple[tuple[str, Callable[[Services], object]], ...] = (
    ("move_not_looked_for", lambda services: services.part(Watching).look(services)),
    ("standing_not_seen", lambda services: services.part(health.Watch).look_now_and_then(services)),
    ("faults_not_written", lambda services: services.faults.flush()),
    ("checkpoint_failed", _check_point),
    ("uses_not_written", lambda services: services.uses.flush()),
    ("arrivals_not_written", lambda services: services.part(Arrivals).flush(services)),
    ("readers_not_written", lambda services: services.part(Readers).flush_now_and_then(services.db)),
    ("symptoms_not_written", symptoms.keep),
    ("metrics_not_added_up", lambda services: services.part(Meters).add_up()),
    ("ended_sessions_not_told", signout.tell_ended),
    ("provisioning_not_begun", provisioning.look),
    ("signals_not_told", signals.look),
    # A process that gives out keys alone learns as well that a live check has begun.
    ("registry_not_read", lambda services: services.registry.keep_fresh()),
)


def sweep_out(services: Services, seconds: float = 30.0) -> None:
    """Sweep until nothing is left, or the time is up; small steps, so that nobody waits for a lock."""
    until = time.monotonic() + seconds
    while time.monotonic() < until and max(sweep(services).values()) >= 1000:
        time.sleep(0.05)


def sweep(services: Services, many: int = 1000) -> dict[str, int]:
    """Delete what ran out, at most `many` rows of each kind; answers how many of each."""
    from clients import past as apps_past
    from clients.documents import hosts
    from idp import readers
    from idp.accounts import approvals, cases, notices, past, standing, tokens
    from idp.accounts import batches as work_on_many
    from idp.accounts import reviews as kept_reviews
    from idp.accounts.factors import admin_codes, trusted_devices
    from idp.accounts.own import uses, verdicts
    from idp.accounts.registering import waiting
    from idp.admin import programs
    from idp.audit.chain import retaining
    from idp.oidc import ledger
    from idp.oidc.registration import ending
    from idp.saml import store as saml_store

    db, kept = services.db, services.settings.audit
    retained = services.clock() - kept.retention_days * DAY
    asked_from = services.clock() - services.settings.self_registration.keep_days * DAY
    known_from = services.clock() - kept.access_history_days * DAY
    return {
        "state": services.state.sweep(many),
        "sessions": sessions.sweep(services, many),
        "tokens": ledger.sweep(services, many),
        "saml_sessions": saml_store.sweep(services.db, services.clock() - DAY, many),
        "events": retaining.sweep(db, services.clock(), kept.retention_days, kept.retention_by_kind, many),
        "batches": work_on_many.sweep(db, services.clock() - work_on_many.KEPT_FOR, many),
        "cases": cases.sweep(db, retained, many),
        "pauses": standing.sweep(db, services.clock(), many),
        "verdicts": verdicts.sweep(db, retained, many),
        "recoveries": recovery.contacts.sweep(services, many),
        "registrations": waiting.sweep(db, asked_from, many),
        "admin_codes": admin_codes.sweep(services, many),
        "trusted_devices": trusted_devices.sweep(db, services.clock(), many),
        "uses": uses.sweep(db, retained, many),
        "personal_tokens": tokens.sweep(db, services.clock(), many),
        "program_roles": programs.sweep(services),
        "notices": notices.sweep(db, services.clock() - notices.KEPT_FOR, many),
        "apps_past": apps_past.sweep(db, known_from, many),
        "approvals": approvals.sweep(db, known_from, many),
        "reviews": kept_reviews.sweep(db, known_from, many),
        "people_past": past.sweep(db, known_from, many),
        "logout_tries": deliveries.sweep(db, retained, many),
        "provisioning": provisioning.sweep(services),
        "signals": signals.sweep(services),
        "readers": readers.sweep(db, services.clock(), many),
        "symptoms": symptoms.sweep(db, services.clock(), many),
        "clients": services.registry.sweep(),
        "registration_tokens": ending.sweep_tokens(services),
        "self_registered": ending.sweep(services),
        "client_hosts": hosts.sweep(db, services.clock() - hosts.ASKED_FOR),
        "rules": keeping.sweep(db, services.clock()),
        "providers": providers.sweep(db, services.clock()),
    }
