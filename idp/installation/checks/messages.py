"""Checks of how people are told things: mail and text messages."""

from __future__ import annotations

from typing import TYPE_CHECKING

from idp.installation.checks.findings import Finding, Found

if TYPE_CHECKING:
    from idp.protocols import Services


def examine_mail(services: Services) -> Found:
    from idp.mail import outbox

    mail = services.settings.mail
    if not mail.host:
        if outbox.is_used(services.settings):
            yield Finding("mail", "ok", f"no server is set: read the messages at {services.url('/dev/outbox')}")
        else:
            text = "no mail server is set, so nobody can reset a password or is told of a new device"
            yield Finding("mail", "warning", text, "give [mail] a host, then run `doorward mail test --to ADDRESS`")
        return
    from idp.mail import smtp

    place = f"{mail.host}:{mail.port} ({mail.tls}{', signed in' if mail.username else ''})"
    sender = smtp.sender_of(services.settings)[0]
    try:
        said = smtp.tried(services.settings, _reachable(services))
    except Exception as error:
        means = smtp.meaning(services.settings, error)
        fix = f"{means.fix} `doorward mail test --to ADDRESS` sends one."
        later = 400 <= getattr(error, "smtp_code", 0) < 500  # grey-listing, say
        text = f"{place}, tried with mail from {sender}: {smtp.explain(error)}"
        yield Finding("mail", "warning" if later else "error", f"{text} ({means.field})", fix)
        return
    yield Finding("mail", "ok", f"{place} {said}")


def _reachable(services: Services) -> str:
    """An address of the company's own: an owner's; '' where none has one."""
    return next((owner.email for owner in services.directory.owners() if owner.enabled and owner.email), "")


def examine_sms(services: Services) -> Found:
    from importlib.util import find_spec

    from idp.mail import outbox

    sms = services.settings.sms
    if sms.sender == "console" and not outbox.is_development(services.settings):
        text = "the sender console is for a development machine: no text message leaves"
        yield Finding("sms", "error", text, "set sms.sender to webhook or smpp")
    elif sms.sender == "smpp" and find_spec("smpplib") is None:
        yield Finding("sms", "error", "SMPP needs the package smpplib", "pip install 'doorward[smpp]'")
    elif sms.sender:
        yield Finding("sms", "ok", f"by {sms.sender}{' at ' + sms.url if sms.url else ''}")


def examine_streams(services: Services) -> Found:
    """Who gets the record as it happens, and whether they take it."""
    from idp.admin import streams

    for stream in streams.listed(services):
        standing = stream.standing
        if standing is None:
            yield Finding("record", "ok", f"{stream.kind} {stream.host} gets it from the next half minute on")
        elif stream.fails:
            text = f"{stream.kind} {stream.host} does not take it, {standing.waiting:,} events wait: {standing.why}"
            yield Finding("record", "warning", text, "see [audit] in the settings, and the receiver's own log")
        else:
            yield Finding("record", "ok", f"{stream.kind} {stream.host} has it, {standing.waiting:,} events wait")
