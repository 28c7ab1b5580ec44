"""Keys, mail, jobs, traffic, the record, changes that wait: what keeps the installation from working for everybody."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from idp import arrivals
from idp.accounts import approvals
from idp.accounts.break_glass.telling import PATH as BREAK_GLASS
from idp.admin import key_readers, record_checks, streams
from idp.admin.actor import Actor
from idp.admin.approving.telling import PATH as APPROVALS
from idp.admin.attention.examining import of_doctor
from idp.admin.attention.finding import DAY, SOON, Finding
from idp.admin.break_glass import standing as break_glass
from idp.admin.permissions import Permission
from idp.mail import is_ready
from idp.protocols import Services
from idp.texts import N_, plural


def _certificates(services: Services) -> Iterator[Finding]:
    for key in services.certificates.published("signing"):
        days = int((key.expires_at.timestamp() - services.clock()) // DAY)
        if key.state == "active" and days * DAY < SOON:
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
        if key.state == "active" and age > policy.rotate_after + DAY:
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
PATTERNS: Final = {
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
        yield Finding("traffic", PATTERNS[pattern.kind], "/admin/settings", detail, told.fix)


def _record(services: Services) -> Iterator[Finding]:
    """Whoever should watch the record and gets nothing of it; and a record that is not whole."""
    for stream in streams.listed(services):
        if stream.standing is not None and stream.fails:
            text = N_("%(host)s does not take the record.", host=stream.host)
            yield Finding("stream", text, "/admin/activity/record", stream.standing.why)
    check = record_checks.find(services)
    if check is not None and check.verdict is not None and not check.verdict.is_whole:
        yield Finding("record", N_("The record is not whole."), "/admin/activity/record")


def findings(services: Services, actor: Actor) -> Iterator[Finding]:
    """All of these that an actor may know of."""
    if actor.may(Permission.KEYS_READ):
        yield from (*_certificates(services), *_keys(services), *_unseen(services))
    if actor.may(Permission.SETTINGS_READ):
        yield from _approvals(services, actor)
        yield from (Finding(kind, text, BREAK_GLASS) for kind, text in break_glass.findings(services))
        yield from (*_owners(services), *_mail(services), *_jobs(services))
        # Mere advice stands in the room Settings alone.
        yield from (one for one in of_doctor(services) or () if one.kind == "doctor")
        yield from (*_record(services), *_traffic(services))
