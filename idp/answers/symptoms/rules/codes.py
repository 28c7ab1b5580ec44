"""Codes that are not redeemed, or not as they were asked for: what the application lost between browser and server."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from idp.answers.symptoms import kinds
from idp.answers.symptoms.evidence import Evidence
from idp.answers.symptoms.symptom import Cause, Symptom
from idp.traffic import CODE, DISCOVERY, KEYS, REDEEMED, SILENT_CODE

AT_LEAST: Final = 3  # codes
STOPPED: Final = 600.0  # seconds without any token request, where there were some
SHARE: Final = 0.05  # of all: fewer are people who close the tab

REPLICAS: Final = Cause(
    "It runs as several replicas that do not share their sessions: the one that gets the callback never saw the start.",
    "Several of its addresses are known here, or it works with one replica alone; now and then, and never with one.",
    "Give its replicas one session store (Redis, a database), or let the load balancer keep a browser at one (sticky "
    "sessions). Nothing has to change here.",
)
TABS: Final = Cause(
    "Two tabs began a sign-in and share one cookie, so the later one overwrote the state or the verifier of the first.",
    "It happens to people who open several of its tabs at once, and never in a private window.",
    "Let it keep state and code_verifier for each sign-in by its own key (the state), not in one cookie.",
)
LOST_COOKIE: Final = Cause(
    "It lost its state cookie, so its callback refused the code before it was redeemed.",
    "Its log says “state mismatch”, “csrf” or “session not found” at the callback; it fetches our documents without "
    "trouble.",
    "Set its session cookie SameSite=Lax (None; Secure where response_mode is form_post), Secure only where it is on "
    "https, for the very host of its redirect URI; and tell it its public address where it stands behind a proxy.",
)


def never_redeemed(seen: Evidence) -> Iterator[Symptom]:
    """Case 9. What came to the token endpoint and was refused is an error of its own, and then the first cause."""
    codes, redeemed = seen.of(CODE), seen.of(REDEEMED)
    many = seen.lately(CODE, SILENT_CODE)
    if seen.lately(REDEEMED):
        if redeemed.last_at > seen.now - STOPPED:
            return
        many = sum(n for slot, n in codes.hours.items() if slot * 3600 > redeemed.last_at)
    if many < AT_LEAST or not seen.is_settled(CODE, SILENT_CODE):
        return
    since = redeemed.last_at or codes.first_at
    yield Symptom(
        code="codes_never_redeemed", side="application", field="token endpoint",
        what=f"It was sent {many} codes and redeemed none of them"
        + (" since its last one." if redeemed.last_at else ": people sign in here and never arrive."),
        causes=tuple(_why_never(seen)), times=many, since=since, last_at=codes.last_at,
        expected="a token request for each code, within a minute", got=f"{many} codes, no token request that held",
    )  # fmt: skip


def _why_never(seen: Evidence) -> Iterator[Cause]:
    refused = seen.refused(
        "invalid_client", "invalid_grant", "invalid_request", "unauthorized_client", "secret_wrong", "secret_form",
        "secret_expired", "secret_missing", "auth_method", "pkce_verifier",
        "pkce_verifier_missing", "token_redirect_uri", "code_unknown",
        "content_type", "grant_type", "in_the_address", "client_unknown",
    )  # fmt: skip
    if refused is not None:
        yield Cause(
            f"Its token requests come and are refused ({refused.code}, {refused.times} times).",
            f"doorward explain {refused.error_id}", f"Put right what stands under {refused.error_id}: {refused.field}.",
        )  # fmt: skip
    reaches = bool(seen.lately(DISCOVERY, KEYS)) or any(key.fetched_at for key in seen.keys)
    loops = seen.lately(kinds.LOOP_UNREDEEMED)
    unreachable = Cause(
        f"Its server cannot reach {seen.issuer}/oauth/token: a firewall, a proxy, a name that its DNS does not know.",
        "From its server, in its container: curl -sS -o /dev/null -w '%{http_code}' -X POST "
        f"{seen.issuer}/oauth/token answers 400 or 401 where it can; its log says “connection refused” or “timed out”.",
        "Open the way from its server to that address (egress rules, HTTPS_PROXY, NO_PROXY, DNS).",
    )  # fmt: skip
    untrusted = Cause(
        "Its server does not trust our TLS certificate.",
        "The same curl says “unable to get local issuer certificate”; its log says “certificate verify failed” or "
        "“PKIX path building failed”.",
        "Put the CA into its trust store (Java: the JVM's; Node: NODE_EXTRA_CA_CERTS; Python: REQUESTS_CA_BUNDLE; Go "
        "and PHP: the system's), or let our proxy send the whole chain. Do not switch the check off.",
    )
    yield from (LOST_COOKIE, unreachable, untrusted) if reaches or loops else (unreachable, untrusted, LOST_COOKIE)


def some_unredeemed(seen: Evidence) -> Iterator[Symptom]:
    """Of a few nobody wonders: people close tabs."""
    codes, redeemed = seen.lately(CODE, SILENT_CODE), seen.lately(REDEEMED)
    lost = codes - redeemed
    if not redeemed or lost < max(AT_LEAST, SHARE * codes) or not seen.is_settled(REDEEMED):
        return
    latest = max(seen.of(CODE).hours, default=0)
    if seen.of(CODE).hours.get(latest, 0) - seen.of(REDEEMED).hours.get(latest, 0) <= 0 and latest:
        return  # it was, and is well again
    causes = (REPLICAS, LOST_COOKIE, TABS) if len(seen.places) > 1 else (LOST_COOKIE, REPLICAS, TABS)
    yield Symptom(
        code="some_codes_unredeemed", side="application", field="state",
        what=f"Of {codes} codes of the last day it redeemed {redeemed}: some of its sign-ins only end at its callback.",
        causes=causes, times=lost, since=seen.of(CODE).first_at, last_at=seen.of(CODE).last_at,
        expected="each code redeemed", got=f"{lost} of {codes} were not",
        weight="note" if lost < codes / 5 else "wrong",
    )  # fmt: skip


def pkce(seen: Evidence) -> Iterator[Symptom]:
    """Case 7. The code was right, so no stranger sent it: what did not fit is the verifier of this very application."""
    failed, good = seen.refused("pkce_verifier", "pkce_verifier_missing"), seen.lately(REDEEMED)
    if failed is None:
        return
    about: dict[str, Any] = {
        "field": "code_verifier", "side": "application", "times": failed.times, "since": failed.since,
        "last_at": failed.last_at, "got": f"{failed.times} that did not fit, {good} that did",
        "expected": "the verifier of the same sign-in",
    }  # fmt: skip
    if good:
        places = f" Its addresses: {', '.join(seen.places[:5])}." if len(seen.places) > 1 else ""
        yield Symptom(
            code="pkce_in_some", causes=(REPLICAS, TABS),
            what=f"The code_verifier did not fit in {failed.times} of {failed.times + good} sign-ins of the last day, "
            f"some of its sign-ins only.{places}", **about,
        )  # fmt: skip
    elif failed.times >= AT_LEAST:
        fix = "Let one library make both, and keep the verifier with the state until the code is redeemed."
        yield Symptom(
            code="pkce_in_all", what=f"The code_verifier did not fit in any of {failed.times} sign-ins.",
            causes=(
                Cause("It sends another verifier than it made the challenge from: encoded twice, hashed again, or a "
                      "new one.", f"doorward explain {failed.error_id} shows its length: 43 to 128 characters.", fix),
                Cause("A proxy or its own front end begins the sign-in, and its back end redeems it with a verifier of "
                      "its own.", "Both parts have OpenID Connect switched on.", "Leave it to one of the two."),
            ), **about,
        )  # fmt: skip


def redeemed_twice(seen: Evidence) -> Iterator[Symptom]:
    """Each time it happens, what the first use gave is revoked, so people are thrown out again."""
    failed = seen.refused("code_used")
    if failed is None or failed.times < AT_LEAST:
        return
    yield Symptom(
        code="codes_twice", side="application", field="code",
        what=f"It redeemed {failed.times} codes twice: what the first use gave is revoked each time.",
        causes=(
            Cause("Its callback is loaded twice: a double render (React's StrictMode), a prefetch, a service worker, a "
                  "link scanner.", "Its access log shows the same callback address twice within a second.",
                  "Redeem in one place, once: guard the callback, take the code out of the address at once."),
            Cause("A proxy or its HTTP client repeats the token request after a timeout.",
                  "The second comes seconds after the first, from the same address.",
                  "Never repeat a token request; begin the sign-in again."),
        ),
        times=failed.times, since=failed.since, last_at=failed.last_at, expected="a code once",
        got="the same one twice",
    )  # fmt: skip
