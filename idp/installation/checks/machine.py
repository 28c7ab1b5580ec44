"""Checks of what the provider runs on: State, the clocks, the keys, the owner, the cost of a password, the server."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from idp.installation.checks import network
from idp.installation.checks.findings import CLOCK_SLACK, Finding, Found

if TYPE_CHECKING:
    from idp.protocols import Services

SLOW_HASH, FAST_HASH = 0.5, 0.01  # seconds
SLOW_STATE = 0.05  # seconds that Redis may take


def examine_state(services: Services) -> Found:
    from idp.config import is_loopback
    from idp.config.several_hosts import place_of

    begun = time.perf_counter()
    services.state.put("doctor", 1, 60)
    seconds = time.perf_counter() - begun
    works = services.state.take("doctor") == 1
    kind = "Redis" if services.settings.storage.state_url else "in the database"
    yield Finding("state", "ok" if works else "error", kind if works else f"{kind}: what was put was not there to take")
    yield from _of_redis(services)
    if services.settings.storage.state_url and seconds > SLOW_STATE:
        text = f"an answer takes {seconds * 1000:.0f} ms, and after 250 it counts as none"
        yield Finding("state", "warning", text, "put Redis nearer, or see what it is busy with (SLOWLOG)")
    place = place_of(services.settings.storage.state_url)
    url = urlsplit(place.url)
    hosts = [host for host, _ in place.hosts] or [url.hostname or ""]
    if not url.scheme or url.scheme == "unix" or all(map(is_loopback, hosts)):
        return
    missing = [what for what, lacks in (("password", not url.password), ("TLS", url.scheme != "rediss")) if lacks]
    if missing:
        text = f"Redis at {', '.join(hosts)} is reached over the network without {' and without '.join(missing)}"
        fix = "set requirepass or an ACL, and storage.state_url to rediss://user:password@host: see docs/operating.md"
        if place.kind != "one":
            fix = fix.replace("rediss://", f"rediss+{place.kind}://")
        yield Finding("state", "warning", text, fix)


def _of_redis(services: Services) -> Found:
    """How Redis is set, by its own word."""
    from idp.state.advice import faults

    told = getattr(services.state, "facts", None)
    for facts in told() if told is not None else ():
        for fault in faults(facts):
            text = f"{fault.field}: expected {fault.expected}; it is {fault.got}"
            yield Finding("state", "error" if fault.is_error else "warning", text, fault.fix)
        if "time" in facts and abs(apart := float(str(facts["time"])) - time.time()) > CLOCK_SLACK:
            yield Finding("clock", "error", f"the clock of Redis is {apart:+.1f} s apart", "run NTP on both machines")


def examine_clock(services: Services) -> Found:
    from idp.audit import tail

    latest = tail(services.db, 1)
    behind = latest[0].at - services.clock() if latest else 0.0
    if behind > CLOCK_SLACK:
        text = f"this machine's clock is {behind:.0f} s behind the latest audit event"
        yield Finding("clock", "error", text, "set the clock by NTP: tokens and one-time codes depend on it")
    else:
        yield Finding("clock", "ok", "not behind the latest event")


def examine_keys(services: Services) -> Found:
    ring, now = services.ring, services.clock()
    keys = ring.snapshot().keys  # this opens the private ones
    for alg in services.settings.keys.algorithms:
        if not any(key.alg == alg and key.state == "active" for key in keys):
            yield Finding("keys", "error", f"no active key for {alg}", "run `doorward init`: it makes what is missing")
    for key in (k for k in keys if k.state == "active"):
        days = (now - (key.activated_at or key.created_at)) / 86400
        upcoming = any(other.alg == key.alg and other.state == "next" for other in keys)
        since = "since less than a day" if days < 1 else f"for {days:.0f} day{'s' if round(days) != 1 else ''}"
        text = f"{key.alg} signs {since}" + (", the next one is published" if upcoming else "")
        late = days * 86400 > ring.policy.rotate_after + 86400
        fix = "keys rotate while `doorward serve` runs; is it?" if late else ""
        yield Finding("keys", "warning" if late else "ok", text, fix)


def examine_holders(services: Services) -> Found:
    """Where keys lie beside the database: whether each answers, and signs what the published key verifies."""
    from idp import key_holders
    from keys.holders import HERE, HolderUnavailable
    from keys.verifying import InvalidToken, verify_own

    holders, now = key_holders.of(services.settings), services.clock()
    signers = services.ring.snapshot().signers.values()
    held = {signer.kept_in for signer in signers} - {HERE}
    for kind in sorted({*holders.kinds, *held}):
        try:
            found = holders.of(kind).look()
            for signer in (one for one in signers if one.kept_in == kind):
                token = signer.sign_jwt({"exp": now + 60}, "doctor")
                verify_own(services.ring, token, types=("doctor",), now=now)
            algs = ", ".join(one.alg for one in signers if one.kept_in == kind) or "no key yet"
            yield Finding("keys", "ok", f"{kind}: {found} answers; {algs}")
        except HolderUnavailable as error:
            yield Finding("keys", "error" if kind in held else "warning", str(error), "see docs/keys.md")
        except InvalidToken as error:
            yield Finding("keys", "error", f"what {kind} signs, nobody can verify: {error}", "see docs/keys.md")


def examine_owner(services: Services) -> Found:
    if services.directory.has_owner():
        yield Finding("owner", "ok", "somebody is in charge")
    else:
        yield Finding("owner", "warning", "no owner can sign in yet", "run `doorward init` for a one-time link")


def examine_password_cost(services: Services) -> Found:
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


def examine_server(services: Services) -> Found:
    from urllib.request import urlopen

    url = services.url("/.well-known/openid-configuration")
    try:
        with urlopen(url, timeout=3) as answer:  # noqa: S310  the operator's own issuer, http or https
            said, date = json.load(answer).get("issuer"), answer.headers.get("Date") or ""
    except ValueError:
        text = f"{url} answers something else than Doorward's discovery document"
        yield Finding("server", "error", text, "lead server.issuer to Doorward: DNS, the proxy's host and path")
        return
    except OSError as error:
        reason = getattr(error, "reason", error)
        if (found := network.of_answer(services.issuer, error, reason)) is not None:
            yield found
            return
        yield Finding("server", "warning", f"nothing answers at {url} ({reason})", "start it with `doorward serve`")
        return
    yield from network.clock_of(date)
    if said == services.issuer:
        yield Finding("server", "ok", f"answers at {services.issuer}")
    else:
        fix = "applications compare it byte for byte: give the server and this command the same server.issuer"
        yield Finding("server", "error", f"the server at {services.issuer} calls itself {said}", fix)
