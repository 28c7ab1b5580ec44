"""The checks of `doorward doctor`, each by itself, so that one that fails hides no other."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from idp.installation.checks import (
    applications,
    backups,
    before_opening,
    certificates,
    groups,
    kerberos,
    machine,
    messages,
    network,
    public_address,
    registering,
    sender,
    storage,
    time_server,
)
from idp.installation.checks.findings import Finding, Found
from idp.installation.failures import Failed, explained
from idp.installation.files import config_file, read_settings


def _examine_processes(services: Any) -> Found:
    from idp.installation import processes  # which knows our findings

    return processes.examine(services)


#: With everything opened.
OPENED: tuple[tuple[str, Callable[[Any], Found]], ...] = (
    ("state", machine.examine_state),
    ("database", storage.examine_pace),
    ("clock", machine.examine_clock),
    ("clock", time_server.examine),
    ("keys", machine.examine_keys),
    ("keys", machine.examine_holders),
    ("owner", machine.examine_owner),
    ("passkeys", applications.examine_passkeys),
    ("applications", applications.examine_applications),
    ("certificates", certificates.examine),
    ("self_registration", applications.examine_registering),
    ("self_registration", registering.examine),
    ("groups", groups.examine),
    ("passwords", machine.examine_password_cost),
    ("saml", applications.examine_service_providers),
    ("kerberos", kerberos.examine),
    ("mail", messages.examine_mail),
    ("sender", sender.examine),
    ("sms", messages.examine_sms),
    ("record", messages.examine_streams),
    ("traffic", network.examine_traffic),
    ("processes", _examine_processes),
    ("backup", backups.examine),
    ("server", machine.examine_server),
    ("address", public_address.examine),
)


def examine(file: str | None) -> list[Finding]:
    """All findings, in the order in which things depend on each other. `file`: the settings', as somebody gave it."""
    try:
        settings = read_settings(file)
    except Failed as failed:
        return [Finding("config", "error", line) for line in failed.lines]
    findings = [*before_opening.examine_config(config_file(file), settings)]
    for name, check in before_opening.CHECKS:
        findings += _caught(name, check, settings)
    if any(finding.status == "error" for finding in findings):
        return findings  # the rest needs an installation that opens
    try:
        with explained():
            from idp.opening import close, create_services

            services = create_services(settings, deferred=True)
    except Failed as failed:
        return [*findings, *(Finding("master key", "error", line) for line in failed.lines)]
    try:
        for name, check in OPENED:
            findings += _caught(name, check, services)
    finally:
        close(services)
    return findings


#: Not looked at while it runs: the console has these by itself, or they cost a hash or a request of our own.
_NOT_RUNNING = (
    "owner", "applications", "certificates", "saml", "passwords", "traffic", "server", "address", "sender", "groups",
)  # fmt: skip
_MOST = 45.0  # seconds for one check: what hangs is told, and the next one begins


def while_running(services: Any) -> list[Finding]:
    """What a running server finds of itself and what it stands on."""
    findings: list[Finding] = []
    for name, check in before_opening.CHECKS:
        findings += _caught(name, check, services.settings)
    for name, check in OPENED:
        if name not in _NOT_RUNNING:
            findings += _caught(name, check, services)
    return findings


def _caught(name: str, check: Callable[[Any], Found], subject: Any) -> list[Finding]:
    """What a check finds, or why it cannot. In a thread of its own: no time limit of ours ends a look-up of DNS."""
    found: list[Finding] = []
    done = threading.Thread(target=_look, args=(name, check, subject, found), name=f"check {name}", daemon=True)
    done.start()
    done.join(_MOST)
    told = [*found]  # a check that goes on adds nothing more
    if done.is_alive():
        told.append(Finding(name, "error", f"cannot be checked: no answer after {_MOST:.0f} s"))
    return told


def _look(name: str, check: Callable[[Any], Found], subject: Any, found: list[Finding]) -> None:
    try:
        with explained():
            found.extend(check(subject))
    except Failed as failed:
        found.append(Finding(name, "error", " ".join(failed.lines)))
    except Exception as error:
        found.append(Finding(name, "error", f"cannot be checked: {type(error).__name__}: {error}"))
