"""What needs an admin's attention, each with where it is mended (B3). Nothing, where all is well.

What takes longer than a page may is looked at in the background every ten minutes (`examine`), and kept in State.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from typing import Any, Final

from clients.documents import hosts
from clients.documents.address import in_path
from clients.self_registered import kept
from idp import arrivals, audit, reach
from idp.accounts import approvals, cases, planned_ends
from idp.accounts import batches as accounts_batches
from idp.accounts.break_glass.telling import PATH as BREAK_GLASS
from idp.accounts.registering import waiting
from idp.admin import key_readers, provider_keys, provisioning, record_checks, signals, streams
from idp.admin.actor import Actor
from idp.admin.approving.telling import PATH as APPROVALS
from idp.admin.batches import WHY as STOPPED_WHY
from idp.admin.break_glass import standing as break_glass
from idp.admin.permissions import Permission
from idp.admin.planned_ends import FAILED as OFF_FAILED
from idp.admin.reviews import rights as reviews
from idp.answers import symptoms
from idp.audit.told import NOT_ANSWERED, UNDELIVERED
from idp.federation import health as upstream_health
from idp.federation import keeping as providers
from idp.federation.checking import moment_of
from idp.federation.ldap import scheduled
from idp.mail import is_ready
from idp.protocols import Services
from idp.texts import N_, plural

EVERY: Final = 600.0  # seconds between two looks at what takes long
_KEPT: Final = "console:attention"
_DOCTOR: Final = "console:doctor"
HOUR: Final = 3600.0  # seconds between two runs of the checks of `doorward doctor`
_DAY: Final = 86400.0
_MONTH: Final = 30 * _DAY
_SOON: Final = 60 * _DAY  # before a certificate's end
_PROBING: Final = 20.0  # seconds for all applications' addresses together
_MANY: Final = 50  # findings of one kind


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing to look at. `path`: the page of the console that has more of it; '' where none has.

    `detail`: what an admin reads beside it, in English, such as what a check said; `fix`: what to do, the same.
    """

    kind: str
    text: str
    path: str = ""
    detail: str = ""
    fix: str = ""


def find(services: Services, actor: Actor) -> list[Finding]:
    """Everything that this actor may know of: the whole company's, so nothing for whoever looks after a part."""
    found: list[Finding] = []
    if actor.may(Permission.KEYS_READ):
        found += [*_certificates(services), *_keys(services), *_unseen(services)]
    if actor.may(Permission.SETTINGS_READ):
        found += _approvals(services, actor)
        found += [Finding(kind, text, BREAK_GLASS) for kind, text in break_glass.findings(services)]
        found += [*_owners(services), *_mail(services), *_jobs(services), *_doctor(services), *_record(services)]
        found += _traffic(services)
    if actor.scope(Permission.CASES_READ) is None:
        found += _cases(services)
    if actor.scope(Permission.PEOPLE_READ) is None:
        found += [*_ending(services), *_stopped(services, actor)]
    if actor.may(Permission.PEOPLE_CREATE):
        found += _registrations(services)
    if actor.may(Permission.APPS_CREATE):
        found += _programs(services)
    if actor.scope(Permission.APPS_READ) is None:
        found += [*_undelivered(services), *_kept(services)]
        found += [Finding("provisioning", *told) for told in provisioning.findings(services)]
        found += [Finding("signals", *told) for told in signals.findings(services)]
    if actor.may(Permission.PROVIDERS_READ):
        found += _providers(services)
        found += [Finding(*told) for told in provider_keys.findings(services)]
    if actor.may(Permission.REVIEWS_READ):
        found += _reviews(services, actor)
    return found


def of_doctor(services: Services) -> tuple[Finding, ...] | None:
    """What the checks of `doorward doctor` found, at most an hour ago; None where they have not run."""
    found: Any = services.state.get(_DOCTOR)
    return None if found is None else tuple(Finding(**one) for one in found)


def keep_of_doctor(services: Services, found: Iterable[Finding]) -> None:
    """Keep what the checks found; whoever knows them calls this, as this room does not."""
    services.state.put(_DOCTOR, [asdict(finding) for finding in found], 3 * HOUR)


def examine(services: Services) -> None:
    """Look at every application's addresses and metadata, and at people's factors; keep what was found for the page."""
    looks = (*_lacking(services), *_unreachable(services), *_saml(services), *_symptoms(services))
    found = [asdict(finding) for finding in looks]
    services.state.put(_KEPT, found, 6 * EVERY)


def _kept(services: Services) -> Iterator[Finding]:
    found: Any = services.state.get(_KEPT) or ()
    yield from (Finding(**one) for one in found)


def _doctor(services: Services) -> Iterator[Finding]:
    """What a check found that somebody has to mend; mere advice stands in the room Settings alone."""
    yield from (one for one in of_doctor(services) or () if one.kind == "doctor")


def _certificates(services: Services) -> Iterator[Finding]:
    for key in services.certificates.published("signing"):
        days = int((key.expires_at.timestamp() - services.clock()) // _DAY)
        if key.state == "active" and days * _DAY < _SOON:
            text = plural(
                "The SAML certificate that signs ends in %(n)s day.",
                "The SAML certificate that signs ends in %(n)s days.",
                max(0, days),
            )
            yield Finding("certificate", text, "/admin/keys", key.kid)


def _keys(services: Services) -> Iterator[Finding]:
    policy = services.ring.policy
    for key in services.ring.snapshot().keys:
        age = services.clock() - (key.activated_at or key.created_at)
        if key.state == "active" and age > policy.rotate_after + _DAY:
            text = N_("The key %(alg)s should have been replaced by now.", alg=key.alg)
            yield Finding("key", text, "/admin/keys", fix="keys rotate while the server runs")


def _unseen(services: Services) -> Iterator[Finding]:
    waiting = [key for key in key_readers.keys_of(services) if key.state == "next"]
    for report in key_readers.made(services, waiting):
        counts, names = report.counts, ", ".join(one.name for one in report.without[:5])
        where = f"/admin/keys/{report.key.kid}"
        if fetched := counts[key_readers.MISSING]:
            text = plural(
                "%(n)s application has not fetched the next key.",
                "%(n)s applications have not fetched the next key.", fetched,
            )  # fmt: skip
            yield Finding(
                "unseen_key", text, where, names, fix=f"wait until it has, or `doorward key seen {report.key.kid}`"
            )
        if by_hand := counts[key_readers.BY_HAND]:
            text = plural(
                "%(n)s application must be given the next certificate by hand.",
                "%(n)s applications must be given the next certificate by hand.", by_hand,
            )  # fmt: skip
            yield Finding("unseen_key", text, where, names)


def _approvals(services: Services, actor: Actor) -> Iterator[Finding]:
    many = sum(one.asked_by != actor.name for one in approvals.waiting(services.db, services.clock()))
    if many and actor.may(Permission.ROLES_GRANT):
        text = plural(
            "%(n)s change waits for a second owner.", "%(n)s changes wait for a second owner.", many
        )  # fmt: skip
        yield Finding("approval", text, APPROVALS)


def _owners(services: Services) -> Iterator[Finding]:
    able = [owner for owner in services.directory.owners() if owner.enabled and owner.has_password]
    if len(able) == 1:
        yield Finding(
            "owner", N_("There is one owner alone. If they are away, nobody can let others in."), "/admin/people"
        )


def _mail(services: Services) -> Iterator[Finding]:
    if not is_ready(services):
        yield Finding("mail", N_("No mail server is set: nobody can reset a password by themselves."),
                      "/admin/messages",
                      fix="give [mail] a host, then run `doorward mail test --to ADDRESS`")  # fmt: skip


def _jobs(services: Services) -> Iterator[Finding]:
    failed = [job for job in services.jobs.pending() if job.state == "failed"]
    if failed:
        text = plural("%(n)s message or job was given up.", "%(n)s messages or jobs were given up.", len(failed))
        path = "/admin/messages" if failed[-1].name in ("mail", "sms") else ""
        yield Finding("job", text, path, detail=f"{failed[-1].name}: {failed[-1].error}"[:200])


#: What a pattern of traffic means, by its kind.
_PATTERNS: Final = {
    arrivals.OTHER_ADDRESS: N_("People come by another address than the one that works."),
    arrivals.HOST_REWRITTEN: N_("The proxy hides by which address people come."),
    arrivals.PROXY_UNTRUSTED: N_("Everybody seems to come from one address: the proxy is not trusted."),
    arrivals.PROXY_SILENT: N_("Everybody seems to come from one address: the proxy does not say who asks."),
    arrivals.PROXY_BEHIND: N_("Everybody seems to come from one address: another proxy is not trusted."),
    arrivals.PROXY_UNREADABLE: N_("The proxy says in a way that cannot be read who asks."),
    arrivals.CERTIFICATE_UNTRUSTED: N_("An application's certificate came from a machine that is not trusted."),
    arrivals.CERTIFICATE_ELSEWHERE: N_("An application's certificate came by an address where none is asked for."),
}


def _traffic(services: Services) -> Iterator[Finding]:
    """How requests come: what keeps people out, or makes all of them one, though nothing here fails."""
    for pattern in arrivals.patterns(services):
        told = arrivals.told(services, pattern)
        detail = f"{told.field}: expected {told.expected}; came {told.got}; {pattern.times} of {pattern.pages} pages"
        yield Finding("traffic", _PATTERNS[pattern.kind], "/admin/settings", detail, told.fix)


def _record(services: Services) -> Iterator[Finding]:
    """Whoever should watch the record and gets nothing of it; and a record that is not whole."""
    for stream in streams.listed(services):
        if stream.standing is not None and stream.fails:
            text = N_("%(host)s does not take the record.", host=stream.host)
            yield Finding("stream", text, "/admin/activity/record", stream.standing.why)
    check = record_checks.find(services)
    if check is not None and check.verdict is not None and not check.verdict.is_whole:
        yield Finding("record", N_("The record is not whole."), "/admin/activity/record")


def _providers(services: Services) -> Iterator[Finding]:
    """Providers that are asked in vain, or whose secret ends there."""
    for kept_one in providers.list_of(services.db):
        one = kept_one.provider
        if not one.enabled:
            continue
        path, health = f"/admin/providers/{one.id}", upstream_health.of(services, one)
        if health.is_down:
            text = N_("%(name)s is asked in vain: nobody comes in through it.", name=one.name)
            yield Finding("provider_down", text, path, health.reason)
        stopped = scheduled.why_stopped(services, one.id) if one.is_directory else ""
        if stopped:
            text = N_("A look at everybody in %(name)s was stopped by its brake.", name=one.name)
            yield Finding("directory_stopped", text, path, stopped, fix=f"doorward provider sync {one.id} --dry-run")
        ends = moment_of(one.secret_ends) if one.secret_ends else None
        if ends is None or ends - services.clock() > _MONTH:
            continue
        days = int((ends - services.clock()) // _DAY)
        if days < 0:
            yield Finding("provider_secret", N_("The secret of %(name)s has ended there.", name=one.name), path)
            continue
        text = plural(
            "The secret of %(name)s ends there in %(n)s day.", "The secret of %(name)s ends there in %(n)s days.",
            days, name=one.name,
        )  # fmt: skip
        yield Finding("provider_secret", text, path)


def _cases(services: Services) -> Iterator[Finding]:
    many = len(cases.list_of(services.db, many=_MANY + 1))
    if many:
        yield Finding(
            "case", plural("%(n)s person waits for the help desk.", "%(n)s people wait for the help desk.", many),
            "/admin/cases",
        )  # fmt: skip


def _registrations(services: Services) -> Iterator[Finding]:
    if many := waiting.count(services.db):
        text = plural("%(n)s person asks for an account.", "%(n)s people ask for an account.", many)
        yield Finding("registration", text, "/admin/people/registrations")


def _programs(services: Services) -> Iterator[Finding]:
    """Hosts that people asked for, and applications that came by themselves and wait to be turned on."""
    if many := len(hosts.waiting(services.db)):
        text = plural(
            "A host of programs waits for an admin.", "%(n)s hosts of programs wait for an admin.", many
        )  # fmt: skip
        yield Finding("client_host", text, "/admin/registration#hosts")
    if many := sum(not one.enabled and one.policy.starts_off for one in kept.list_of(services.db)):
        text = plural(
            "%(n)s application that registered itself waits to be turned on.",
            "%(n)s applications that registered themselves wait to be turned on.", many,
        )  # fmt: skip
        yield Finding("self_registered", text, "/admin/registration#clients")


def _ending(services: Services) -> Iterator[Finding]:
    now = services.clock()
    if many := planned_ends.count_soon(services.db, now, now + _DAY):
        text = plural("%(n)s account is turned off within a day.", "%(n)s accounts are turned off within a day.", many)
        yield Finding("ending", text, "/admin/people?show=ending")
    for event in audit.since(services.db, OFF_FAILED, now - 7 * _DAY)[:_MANY]:
        person = services.directory.find(event.person_id or "")
        if person is None or not person.enabled:
            continue
        text = N_("An account could not be turned off at the moment that was planned.")
        yield Finding("off_failed", text, f"/admin/people/{event.person_id}", str(event.detail.get("reason", "")))


def _stopped(services: Services, actor: Actor) -> Iterator[Finding]:
    """Work on many people that went no further, since whoever began it may not do it any more."""
    since = services.clock() - 7 * _DAY
    for kind, path, permission in (
        ("import", "/admin/people/import", Permission.PEOPLE_CREATE),
        ("bulk", "/admin/people/many", Permission.PEOPLE_READ),
    ):
        for batch in accounts_batches.latest(services.db, kind):
            if batch.stopped_by in STOPPED_WHY and batch.asked.get("ran") and batch.changed_at > since:
                text = plural(
                    "Work on many people was stopped; %(n)s of them is left.",
                    "Work on many people was stopped; %(n)s of them are left.", batch.total - batch.done,
                )  # fmt: skip
                where = f"{path}/{batch.id}" if actor.may(permission) else ""
                yield Finding("stopped", text, where, str(STOPPED_WHY[batch.stopped_by]))


def _reviews(services: Services, actor: Actor) -> Iterator[Finding]:
    """Access reviews near their end, past it, or that left somebody to look at: of those that the actor may see."""
    now = services.clock()
    for one in reviews.listed(services, actor, many=_MANY):
        path = f"/admin/reviews/{one.id}"
        if one.state in ("open", "ending") and one.due_at < now - EVERY:
            yield Finding("review", N_("%(name)s: the access review should have ended by now.", name=one.name), path)
        elif one.state == "open" and one.due_at < now + 3 * _DAY and (left := reviews.left(services, one)):
            text = plural(
                "%(name)s: %(n)s person still waits to be confirmed.",
                "%(name)s: %(n)s people still wait to be confirmed.", left, name=one.name,
            )  # fmt: skip
            yield Finding("review", text, path)
        elif one.to_see_to:
            text = plural(
                "%(name)s: the access review left %(n)s person to look at.",
                "%(name)s: the access review left %(n)s people to look at.", one.to_see_to, name=one.name,
            )  # fmt: skip
            yield Finding("review", text, path)
        elif one.state == "stopped" and one.note and one.settled_at is None:
            text = N_("%(name)s: the access review could not begin again.", name=one.name)
            yield Finding("review", text, path)


def _failed(services: Services, action: str) -> list[tuple[str, int, str]]:
    """Each application that could not be told of something in the last day: its name, how often, and an error id."""
    failed: dict[str, tuple[int, str]] = {}
    for event in audit.since(services.db, action, services.clock() - _DAY):
        times = failed.get(event.client_id or "", (0, ""))[0] + int(event.detail.get("times", 1))
        failed[event.client_id or ""] = (times, event.error_id or "")
    found = []
    for client_id, (times, error_id) in list(failed.items())[:_MANY]:
        client = services.registry.find(client_id)
        found.append((client.name if client else client_id, times, error_id))
    return found


def _undelivered(services: Services) -> Iterator[Finding]:
    for app, times, error_id in _failed(services, NOT_ANSWERED):
        text = plural(
            "%(app)s could not be told of %(n)s answer of a person in the last day.",
            "%(app)s could not be told of %(n)s answers of people in the last day.", times, app=app,
        )  # fmt: skip
        yield Finding("answer", text, f"/admin/activity/{error_id}")
    for app, times, error_id in _failed(services, UNDELIVERED):
        text = plural(
            "%(app)s could not be told of %(n)s sign-out in the last day.",
            "%(app)s could not be told of %(n)s sign-outs in the last day.", times,
            app=app,
        )  # fmt: skip
        yield Finding("sign_out", text, f"/admin/activity/{error_id}")


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
    until, after, found = time.monotonic() + _PROBING, None, 0
    while page := services.registry.list(after, 1000):
        for entry in page:
            client = services.registry.find(entry.id)
            for one in reach.find_unreachable(services, client, until) if client is not None else ():
                found += 1
                text = N_("%(app)s: an address of it cannot be reached.", app=one.name)
                what = f"{one.setting} {one.url}: {one.reason}"
                yield Finding("unreachable", text, f"/admin/apps/{in_path(entry.id)}", what, one.explanation.fix)
                if found >= _MANY or time.monotonic() > until:
                    return
        after = page[-1].key


def _symptoms(services: Services) -> Iterator[Finding]:
    """What an application's traffic looks like, where it keeps people out: the first of each."""
    found = 0
    for client, looks in symptoms.of_everybody(services, time.monotonic() + _PROBING, time.monotonic):
        first = next((one for one in looks if one.weight == "wrong" and one.proven), None)
        if first is None:
            continue
        found += 1
        text = N_("%(app)s: its sign-ins do not go as they should.", app=client.name)
        yield Finding("symptom", text, f"/admin/apps/{in_path(client.id)}#symptoms", first.what, first.causes[0].fix)
        if found >= _MANY:
            return


def _saml(services: Services) -> Iterator[Finding]:
    from idp.saml.metadata.troubles import of_everybody

    found = 0
    for client, texts in of_everybody(services):
        for text in texts:
            found += 1
            yield Finding("saml", N_("%(app)s: something keeps people from signing in.", app=client.name),
                          f"/admin/apps/{in_path(client.id)}", text)  # fmt: skip
        if found >= _MANY:
            return
