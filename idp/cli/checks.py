"""The checks of `doorward doctor`, each by itself, so that one that fails hides no other."""

from __future__ import annotations

import stat
import sys
import sysconfig
import time
from argparse import Namespace
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import urlsplit

from idp.cli import schema
from idp.cli.installation import (
    INIT_FIRST,
    check_initialised,
    config_file,
    explained,
    load_settings,
    master_key_file,
    sqlite_file,
)
from idp.cli.terminal import Failed

if TYPE_CHECKING:
    from idp.config import Settings
    from idp.protocols import Services

MAX_LOGO = 256 * 1024  # bytes
MAX_BACKGROUND = 1024 * 1024  # bytes
PROBING = 5.0  # seconds for all applications' addresses together
CLOCK_SLACK = 2.0  # seconds that two clocks may differ
SLOW_HASH, FAST_HASH = 0.5, 0.01  # seconds


@dataclass(frozen=True)
class Finding:
    """What one check found. `fix`: what to do, '' where nothing is."""

    check: str
    status: Literal["ok", "warning", "error"]
    text: str
    fix: str = ""


Found = Iterator[Finding]


def examine(args: Namespace) -> list[Finding]:
    """All findings, in the order in which things depend on each other."""
    try:
        settings = load_settings(args)
    except Failed as failed:
        return [Finding("config", "error", line) for line in failed.lines]
    findings = [*_config(args, settings)]
    for name, check in _BEFORE:
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
        for name, check in _OPENED:
            findings += _caught(name, check, services)
    finally:
        close(services)
    return findings


def _caught(name: str, check: Callable[[Any], Found], subject: Any) -> list[Finding]:
    try:
        with explained():
            return list(check(subject))
    except Failed as failed:
        return [Finding(name, "error", " ".join(failed.lines))]
    except Exception as error:
        return [Finding(name, "error", f"cannot be checked: {type(error).__name__}: {error}")]


# -- before anything is opened ---------------------------------------------------------------------------------------


def _config(args: Namespace, settings: Settings) -> Found:
    file = config_file(args.config)
    yield Finding("config", "ok", f"{file} is valid" if file else "no file, so the defaults and the environment hold")
    secrets = (settings.keys.master_key, settings.mail.password, settings.sms.token)
    password = urlsplit(settings.storage.database_url).password or any(secrets)
    if file is not None and password and _mode(file) & 0o077:
        yield Finding("config", "warning", "others can read the file, and it may hold a secret", f"chmod 600 {file}")


def _issuer(settings: Settings) -> Found:
    issuer = settings.server.issuer
    if settings.is_https:
        yield Finding("issuer", "ok", issuer)
        if not settings.server.trusted_proxies:
            yield Finding(
                "proxy", "warning", "TLS ends at a proxy, and none is trusted: all requests seem to come from it",
                "name its network in server.trusted_proxies, so that pauses and the audit log know people apart",
            )  # fmt: skip
    else:
        text = f"{issuer} is for this machine only"
        yield Finding("issuer", "warning", text, "set server.issuer to your https address before others use it")


def _data_dir(settings: Settings) -> Found:
    folder = settings.data_dir
    if not folder.is_dir():
        yield Finding("data folder", "error", f"{folder} does not exist", "run `doorward init`")
        return
    if _mode(folder) & 0o077:
        yield Finding("data folder", "warning", f"others can look into {folder}", f"chmod 700 {folder}")
    else:
        yield Finding("data folder", "ok", str(folder))
    files = [file for file in sorted(folder.iterdir()) if file.suffix in (".db", ".key") or ".db-" in file.name]
    for file in files:
        if _mode(file) & 0o077:
            yield Finding("data folder", "warning", f"others can read {file.name}", f"chmod 600 {file}")


def _master_key(settings: Settings) -> Found:
    from idp.opening import master_key

    check_initialised(settings)
    master_key(settings)
    keys = settings.keys
    source = "the environment or the settings" if keys.master_key else "a command" if keys.master_key_command else ""
    yield Finding("master key", "ok", f"from {source or master_key_file(settings)}")


def _database(settings: Settings) -> Found:
    found, wanted = schema.current(settings), schema.head()
    kind = "SQLite" if sqlite_file(settings) is not None else "PostgreSQL"
    if found == wanted:
        yield Finding("database", "ok", f"{kind}, schema {found}")
    elif found is None:
        yield Finding("database", "error", INIT_FIRST)
    else:
        yield Finding("database", "error", f"schema {found}, this release needs {wanted}", "run `doorward migrate`")
    if kind == "SQLite" and settings.server.workers > 1:
        text = "several workers share the embedded database: right on one machine, not on several"
        yield Finding("database", "warning", text, "for more than one machine set storage.database_url to PostgreSQL")
    if kind == "PostgreSQL":
        apart = schema.server_clock(settings.database_url) - time.time()
        if abs(apart) > CLOCK_SLACK:
            yield Finding("clock", "error", f"the database's clock is {apart:+.1f} s apart", "run NTP on both machines")


def _files(settings: Settings) -> Found:
    roots = settings.passkeys.attestation_roots
    for key, value in (
        ("passwords.blocklist", settings.passwords.blocklist),
        ("outbound.ca", settings.outbound.ca),
        ("passkeys.attestation_roots", roots),
    ):
        if value:
            text = f"{settings.path(value)} {'is there' if settings.path(value).is_file() else 'does not exist'}"
            yield Finding(key, "ok" if settings.path(value).is_file() else "error", text)
    yield from _picture(settings, "brand.logo", settings.brand.logo, ("SVG", "PNG"), MAX_LOGO)
    yield from _picture(
        settings, "brand.background", settings.brand.background, ("JPEG", "PNG", "WebP", "SVG"), MAX_BACKGROUND
    )


def _picture(settings: Settings, key: str, name: str, kinds: tuple[str, ...], most: int) -> Found:
    """A file of `[brand]`: there, of a kind that is served, and light enough for a telephone."""
    if not name:
        return
    file = settings.path(name)
    suffix = file.suffix.lower().replace(".jpg", ".jpeg")
    if not file.is_file():
        yield Finding(key, "error", f"{file} does not exist")
    elif suffix not in [f".{kind.lower()}" for kind in kinds]:
        fix = f"use {', '.join(kinds[:-1])} or {kinds[-1]}"
        yield Finding(key, "error", f"{file.name} is not a picture that browsers show", fix)
    elif file.stat().st_size > most:
        yield Finding(key, "warning", f"{file.name} is large: {file.stat().st_size // 1024} KiB")
    else:
        yield Finding(key, "ok", str(file))


def _python(_: Settings) -> Found:
    version = ".".join(map(str, sys.version_info[:3]))
    if "--enable-optimizations" in str(sysconfig.get_config_var("CONFIG_ARGS")):
        yield Finding("python", "ok", version)
    else:
        text = f"{version} was built without profile-guided optimisation: 15 to 25 % slower"
        yield Finding("python", "warning", text, "use the distribution's Python, or build with --enable-optimizations")


_BEFORE: tuple[tuple[str, Callable[[Any], Found]], ...] = (
    ("issuer", _issuer),
    ("data folder", _data_dir),
    ("master key", _master_key),
    ("database", _database),
    ("files", _files),
    ("python", _python),
)

# -- with everything opened ------------------------------------------------------------------------------------------


def _state(services: Services) -> Found:
    from idp.config import is_loopback

    services.state.put("doctor", 1, 60)
    works = services.state.take("doctor") == 1
    kind = "Redis" if services.settings.storage.state_url else "in the database"
    yield Finding("state", "ok" if works else "error", kind if works else f"{kind}: what was put was not there to take")
    url = urlsplit(services.settings.storage.state_url)
    if not url.scheme or url.scheme == "unix" or is_loopback(url.hostname or ""):
        return
    missing = [what for what, lacks in (("password", not url.password), ("TLS", url.scheme != "rediss")) if lacks]
    if missing:
        text = f"Redis at {url.hostname} is reached over the network without {' and without '.join(missing)}"
        fix = "set requirepass or an ACL, and storage.state_url to rediss://user:password@host: see docs/operating.md"
        yield Finding("state", "warning", text, fix)


def _clock(services: Services) -> Found:
    from idp.audit import tail

    latest = tail(services.db, 1)
    behind = latest[0].at - services.clock() if latest else 0.0
    if behind > CLOCK_SLACK:
        text = f"this machine's clock is {behind:.0f} s behind the latest audit event"
        yield Finding("clock", "error", text, "set the clock by NTP: tokens and one-time codes depend on it")
    else:
        yield Finding("clock", "ok", "not behind the latest event")


def _keys(services: Services) -> Found:
    ring, now = services.ring, services.clock()
    keys = ring.snapshot().keys  # this opens the private ones
    for alg in services.settings.keys.algorithms:
        if not any(key.alg == alg and key.state == "active" for key in keys):
            yield Finding("keys", "error", f"no active key for {alg}", "run `doorward init`: it makes what is missing")
    for key in (k for k in keys if k.state == "active"):
        days = (now - (key.activated_at or key.created_at)) / 86400
        upcoming = any(other.alg == key.alg and other.state == "next" for other in keys)
        text = f"{key.alg} signs for {days:.0f} days" + (", the next one is published" if upcoming else "")
        late = days * 86400 > ring.policy.rotate_after + 86400
        fix = "keys rotate while `doorward serve` runs; is it?" if late else ""
        yield Finding("keys", "warning" if late else "ok", text, fix)


def _owner(services: Services) -> Found:
    if services.directory.has_owner():
        yield Finding("owner", "ok", "somebody is in charge")
    else:
        yield Finding("owner", "warning", "no owner can sign in yet", "run `doorward init` for a one-time link")


def _passkeys(services: Services) -> Found:
    """WebAuthn ties a passkey to the host name that it was made under: after a change, who is left behind?"""
    from idp.accounts import factors
    from idp.accounts.factors import webauthn

    party = webauthn.relying_party(services.settings)
    if party is None:
        fix = "give server.issuer a host name with https (http://localhost is enough to try them)"
        yield Finding("passkeys", "warning", "there are none at an address without a host name", fix)
        return
    people: dict[str, set[str]] = {}
    counts: dict[str, int] = {}
    for enrolled in factors.of_kind(services.db, webauthn.KIND):
        domain = str(enrolled.data.get("rp_id"))
        people.setdefault(domain, set()).add(enrolled.person_id)
        counts[domain] = counts.get(domain, 0) + 1
    yield Finding("passkeys", "ok", f"{counts.pop(party.id, 0)} belong to {party.id}")
    for domain, count in sorted(counts.items()):
        text = f"{count} of {len(people[domain])} people belong to {domain}: they do not work at {party.id}"
        fix = (
            f"while {domain} still leads here, set passkeys.rp_id to it and name {party.origins[0]} in "
            "passkeys.related_origins; or ask these people to add new ones"
        )
        yield Finding("passkeys", "warning", text, fix)


def _applications(services: Services) -> Found:
    """Whether every address that we would call by ourselves can be called, and was when it mattered."""
    from idp import reach
    from idp.audit import since
    from idp.audit.told import UNDELIVERED

    until = time.monotonic() + PROBING
    clients = [services.registry.find(entry.id) for entry in services.registry.list(None, 1000)]
    found = [one for c in clients if c is not None for one in reach.find_unreachable(services, c, until)]
    for one in found:
        text = f"{one.name}: {one.setting} {one.url} cannot be called: {one.reason}"
        yield Finding("applications", "warning", text, one.explanation.fix)
    failed: dict[str, tuple[int, str]] = {}
    for event in since(services.db, UNDELIVERED, services.clock() - 86400):
        times = failed.get(event.client_id or "", (0, ""))[0] + int(event.detail.get("times", 1))
        failed[event.client_id or ""] = (times, event.error_id or "")
    for client_id, (times, error_id) in failed.items():
        client = services.registry.find(client_id)
        text = f"{client.name if client else client_id}: {times} sign-outs of the last day could not be told to it"
        yield Finding("applications", "warning", text, f"see `doorward audit show {error_id}`")
    if not found and not failed:
        yield Finding("applications", "ok", "what is to be told to them can be")


def _password_cost(services: Services) -> Found:
    begun = time.perf_counter()
    services.passwords.hash("doctor")
    seconds = time.perf_counter() - begun
    text = f"a hash takes {seconds * 1000:.0f} ms"
    if seconds > SLOW_HASH:
        yield Finding("passwords", "warning", text, "lower passwords.time_cost, or expect slow sign-ins")
    elif seconds < FAST_HASH:
        yield Finding("passwords", "warning", text, "raise passwords.memory_kib or time_cost: it is cheap to guess")
    else:
        yield Finding("passwords", "ok", text)


def _server(services: Services) -> Found:
    import json
    from urllib.request import urlopen

    url = services.url("/.well-known/openid-configuration")
    try:
        with urlopen(url, timeout=3) as answer:  # noqa: S310  the operator's own issuer, http or https
            said = json.load(answer).get("issuer")
    except (OSError, ValueError) as error:
        reason = getattr(error, "reason", error)
        yield Finding("server", "warning", f"nothing answers at {url} ({reason})", "start it with `doorward serve`")
        return
    if said == services.issuer:
        yield Finding("server", "ok", f"answers at {services.issuer}")
    else:
        fix = "applications compare it byte for byte: give the server and this command the same server.issuer"
        yield Finding("server", "error", f"the server at {services.issuer} calls itself {said}", fix)


def _service_providers(services: Services) -> Found:
    """What keeps people from signing in by SAML, application by application."""
    from idp.saml.metadata.troubles import of_everybody

    troubled = many = 0
    for client, texts in of_everybody(services):
        many += 1
        troubled += bool(texts)
        for text in texts:
            yield Finding("saml", "warning", f"{client.name}: {text}", f"doorward client show {client.id}")
    if many and not troubled:
        yield Finding("saml", "ok", f"nothing stands in the way of {many} service provider{'s' if many > 1 else ''}")


def _mail(services: Services) -> Found:
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
        fix = "see [mail] in the settings; `doorward mail test --to ADDRESS` sends one"
        later = 400 <= getattr(error, "smtp_code", 0) < 500  # grey-listing, say
        text = f"{place}, tried with mail from {sender}: {smtp.explain(error)}"
        yield Finding("mail", "warning" if later else "error", text, fix)
        return
    yield Finding("mail", "ok", f"{place} {said}")


def _reachable(services: Services) -> str:
    """An address of the company's own: an owner's; '' where none has one."""
    return next((owner.email for owner in services.directory.owners() if owner.enabled and owner.email), "")


def _sms(services: Services) -> Found:
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


_OPENED: tuple[tuple[str, Callable[[Any], Found]], ...] = (
    ("state", _state),
    ("clock", _clock),
    ("keys", _keys),
    ("owner", _owner),
    ("passkeys", _passkeys),
    ("applications", _applications),
    ("passwords", _password_cost),
    ("saml", _service_providers),
    ("mail", _mail),
    ("sms", _sms),
    ("server", _server),
)


def _mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)
