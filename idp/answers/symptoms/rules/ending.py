"""Where sign-ins and sign-outs end: at the consent page, at an artifact, at nothing; and when only errors are left."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from idp.answers.symptoms.evidence import Evidence
from idp.answers.symptoms.symptom import Cause, Symptom
from idp.traffic import AGREED, ARTIFACT, CODE, CONSENT, LOGOUT, REDEEMED, RESOLVED, RESPONSE


def at_consent(seen: Evidence) -> Iterator[Symptom]:
    """People read what it wants, and leave."""
    shown, agreed = seen.lately(CONSENT), seen.lately(AGREED)
    if shown < 5 or agreed * 2 > shown:
        return
    yield Symptom(
        code="ends_at_consent", side="doorward", field="consent", weight="note",
        what=f"The page that asks for consent was shown {shown} times in the last day, and {agreed} people agreed.",
        causes=(
            Cause("It asks for more than people want to give.", "The page names scopes that its work does not need.",
                  f"Take scopes from it: doorward client set {seen.client.id} scope-=…"),
            Cause("It is your own application, and nobody need be asked.", "It belongs to your organisation.",
                  f"doorward client set {seen.client.id} consent=implicit"),
            Cause("It sends prompt=consent each time.", "People are asked who had agreed before.",
                  f"doorward client set {seen.client.id} ignore_prompt_consent=true"),
        ),
        times=shown - agreed, since=seen.of(CONSENT).first_at, last_at=seen.of(CONSENT).last_at,
    )  # fmt: skip


def artifacts_unresolved(seen: Evidence) -> Iterator[Symptom]:
    """SAML's counterpart to codes that nobody redeems."""
    sent, resolved = seen.lately(ARTIFACT), seen.lately(RESOLVED)
    if sent < 3 or resolved or not seen.is_settled(ARTIFACT):
        return
    yield Symptom(
        code="artifacts_unresolved", side="application", field="ArtifactResolutionService",
        what=f"It was sent {sent} artifacts and resolved none.",
        causes=(
            Cause(f"Its server cannot reach {seen.issuer}/saml/artifact, or does not trust our TLS certificate.",
                  "Its log says “connection refused”, “timed out” or “PKIX path building failed”.",
                  "Open the way, or put the CA into its trust store."),
            Cause("It has an old address of ours in its copy of our metadata.", "Its log names the address.",
                  f"Let it read {seen.issuer}/saml/metadata again."),
            Cause("It cannot do artifacts, whatever its metadata says.", "Its log does not know the parameter SAMLart.",
                  "Let it ask for HTTP-POST, or put its POST endpoint first."),
        ),
        times=sent, since=seen.of(ARTIFACT).first_at, last_at=seen.of(ARTIFACT).last_at,
        expected="an ArtifactResolve for each", got="none",
    )  # fmt: skip


def logout_never(seen: Evidence) -> Iterator[Symptom]:
    """It has a sign-out of its own alone, perhaps: whoever leaves it is still signed in here and elsewhere."""
    used, began = seen.lately(REDEEMED, RESPONSE), seen.of(CODE).first_at or seen.of(RESPONSE).first_at
    if seen.of(LOGOUT).last_at or used < 20 or not 0 < began < seen.now - 5 * 86_400:
        return
    yield Symptom(
        code="logout_never", side="application", field="end_session_endpoint", weight="note",
        what=f"Nobody was ever signed out by it, in {used} sign-ins of the last day.",
        causes=(
            Cause("Its “sign out” ends its own session alone.", "Press it, then open it again: it signs in by itself.",
                  f"Let its sign-out lead to {seen.issuer}/oauth/logout with id_token_hint and post_logout_redirect_uri"
                  " (SAML: a LogoutRequest)."),
            Cause("It is meant so.", "Whoever runs it says so.", "Nothing."),
        ),
        times=used, since=began, last_at=max(seen.of(REDEEMED).last_at, seen.of(RESPONSE).last_at),
    )  # fmt: skip


def logout_untold(seen: Evidence) -> Iterator[Symptom]:
    """Sign-outs that it could never be told of: it stays open when people have gone."""
    failed = seen.refused("logout_not_delivered", "backchannel_logout", "logout")
    if failed is None or failed.times < 2:
        return
    yield Symptom(
        code="logout_untold", side="application", field="backchannel_logout_uri",
        what=f"It could not be told of {failed.times} sign-outs: {failed.found}",
        causes=(
            Cause("Its address answers otherwise than 200, or not at all.", f"doorward explain {failed.error_id}",
                  "Put the address right on its side or here (backchannel_logout_uri): it must take a POST with "
                  "logout_token and answer 200."),
            Cause("It is on a private address that we may not call.", "The error names the address as private.",
                  "Allow it: [outbound] allow in the settings."),
        ),
        times=failed.times, since=failed.since, last_at=failed.last_at, expected="200", got=failed.found[:200],
    )  # fmt: skip


def only_errors(seen: Evidence) -> Iterator[Symptom]:
    """It worked, and since a moment nothing does: what was changed just before (Q3)."""
    good = max(seen.of(kind).last_at for kind in (REDEEMED, RESPONSE))
    since = [one for one in seen.refusals if one.last_at > good and one.code != "sign_in_loop"]
    times = sum(one.times for one in since)
    if not good or times < 5 or seen.now - good < 600:
        return
    worst = max(since, key=lambda one: one.times)
    began = min(one.since if one.since > good else one.last_at for one in since)
    before = [f"{what} at {_moment(at)}" for at, what in seen.changes if good - 3600 <= at <= began + 60]
    causes = [
        Cause(f"The application was changed here just before: {one}.", "doorward audit show, or its history.",
              "Take that change back in its history, or finish it on the other side.") for one in before[:3]
    ]  # fmt: skip
    causes.append(Cause(
        f"Something was changed on its side after {_moment(good)}.", f"doorward explain {worst.error_id}",
        f"Put right what stands under {worst.error_id}: {worst.field}.",
    ))  # fmt: skip
    yield Symptom(
        code="only_errors", side="doorward" if before else "application", field=worst.field,
        what=f"It worked until {_moment(good)}; since then there were {times} errors, most of them {worst.code}.",
        causes=tuple(causes), times=times, since=began, last_at=max(one.last_at for one in since), proven=False,
        expected="sign-ins as before", got=worst.code,
    )  # fmt: skip


def _moment(at: float) -> str:
    return f"{datetime.fromtimestamp(at, UTC):%Y-%m-%d %H:%M} UTC"
