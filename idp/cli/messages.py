"""`doorward mail …`: send a test message and say what the server said; read the outbox of a development machine."""

from __future__ import annotations

import time
from argparse import Namespace
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from idp.cli.installation import opened
from idp.cli.terminal import command, group, print_json, printable, say, timestamp, with_json
from idp.installation.failures import Failed, Refused

if TYPE_CHECKING:
    from idp.protocols import Services


def add_parsers(commands: Any) -> None:
    """Add `mail`."""
    verbs = group(commands, "mail", "messages to people: mail and SMS")
    test = with_json(command(verbs, "test", run_test, "send one message now and tell what the server said"))
    test.add_argument("--to", metavar="ADDRESS", required=True, help="an address, or a number such as +491701234567")
    test.add_argument("--locale", metavar="L", default="", help="its language, such as de; else brand.language")
    with_json(command(verbs, "outbox", run_outbox, "show what a machine without a mail server has kept"))


def run_test(args: Namespace) -> None:
    """Send a test, past the queue."""
    from idp.mail.delivery import Rejected, Undelivered

    is_number = args.to.startswith("+")
    with opened(args) as services:
        _check_ready(services, is_number)
        begun = time.perf_counter()
        try:
            said = _send(services, args.to, args.locale, is_number)
        except (Rejected, Undelivered) as error:
            raise Failed(f"the message did not leave: {error}", *_means(error.means)) from None
    seconds = round(time.perf_counter() - begun, 2)
    if args.json:
        print_json({"to": args.to, "said": said, "seconds": seconds})
    else:
        say(f"Sent to {args.to} in {seconds} s: {said}.", *_what_that_means(args.to))


def run_outbox(args: Namespace) -> None:
    """Show the kept messages, oldest first."""
    from dataclasses import asdict

    with opened(args) as services:
        from idp.mail import outbox

        if not outbox.is_open(services.settings):
            raise Failed("there is no outbox here: messages leave by [mail] and [sms], see `doorward audit tail`")
        kept = outbox.newest(services)[::-1]
    if args.json:
        print_json({"messages": [asdict(one) for one in kept]})
        return
    for one in kept:
        head = f"{timestamp(one.at)}  to {one.to}  {one.subject}"
        say(printable(head), *(f"    {printable(line)}" for line in one.text.splitlines()), "")
    if not kept:
        say("Nothing was sent so far.")


# -- below -----------------------------------------------------------------------------------------------------------


def _means(means: Mapping[str, Any] | None) -> tuple[str, ...]:
    """A failure's field, and what to do."""
    return () if means is None else (f"  {means['field']}: {means['fix']}",)


def _what_that_means(to: str) -> tuple[str, ...]:
    if to.startswith("+"):
        return ()
    return (
        "The mail server has taken it; whether it arrives is up to others. Where it does not: look into the spam "
        "folder, into the mailbox of the sender (bounces go there), and at SPF, DKIM and DMARC of its domain.",
    )


def _check_ready(services: Services, is_number: bool) -> None:
    from idp import mail
    from idp.mail import sms

    if not (sms.is_ready(services) if is_number else mail.is_ready(services)):
        section, key = ("sms", "sender") if is_number else ("mail", "host")
        raise Refused(f"nothing sends there: set {section}.{key} in the settings")


def _send(services: Services, to: str, locale: str, is_number: bool) -> str:
    from idp.mail import delivery

    sent = delivery.Sent(to, "test", job=delivery.SMS_JOB if is_number else delivery.JOB)
    return delivery.send_now(services, sent, locale)
