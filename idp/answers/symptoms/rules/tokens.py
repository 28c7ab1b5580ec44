"""How an application uses its tokens: not renewed, renewed from two places, asked for again and again."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from idp.answers.symptoms import kinds
from idp.answers.symptoms.evidence import Evidence
from idp.answers.symptoms.symptom import Cause, Symptom
from idp.traffic import CODE, INTROSPECTED, OTHERS, PROGRAM, REFRESHED, REUSED

HAMMERED: Final = 100  # tokens an hour


def signed_out_at_end(seen: Evidence) -> Iterator[Symptom]:
    """Case 15: people are back at the sign-in just when the access token runs out, and nothing was refreshed."""
    many, refreshed = seen.lately(kinds.AT_END), seen.lately(REFRESHED)
    if many < 3 or refreshed > many:
        return
    client, minutes = seen.client, max(1, round(seen.access_life / 60))
    may = "refresh_token" in client.oidc.grant_types
    causes = []
    if not may:
        causes.append(Cause(
            "It is not registered for refresh tokens, so it gets none.",
            f"doorward client show {client.id}: grant_types has no refresh_token.",
            f"doorward client set {client.id} grant_types+=refresh_token",
        ))  # fmt: skip
    causes.append(Cause(
        "It does not refresh: it has a refresh token and never uses it, or does not ask for offline_access, without "
        "which its library keeps none.",
        f"No refresh has come from it ({refreshed} in the last day); the scope that it asks for has no offline_access.",
        "Let it ask for the scope offline_access and renew by the refresh token (“use refresh tokens”, "
        "“automaticSilentRenew”, saveTokens).",
    ))  # fmt: skip
    causes.append(Cause(
        "It ends its own session with the access token.", "Its session lives as long as expires_in says.",
        f"Let its session have a life of its own, or give the token a longer one: doorward client set {client.id} "
        "access_token_lifetime=3600",
    ))  # fmt: skip
    yield Symptom(
        code="signed_out_at_token_end", side="application", field="scope",
        what=f"People are sent through the sign-in again after {minutes} minutes, when the access token ends, {many} "
        f"times in the last day; it refreshed {refreshed} times.",
        causes=tuple(causes), times=many, since=seen.of(kinds.AT_END).first_at, last_at=seen.of(kinds.AT_END).last_at,
        expected="offline_access, or a refresh before the token ends",
        got=f"a new sign-in after {minutes} minutes",
    )  # fmt: skip


def refresh_reused(seen: Evidence) -> Iterator[Symptom]:
    """Case 16: a rotated token came again after the grace, and its grant was revoked. No stranger has such a token."""
    reused, two = seen.of(REUSED), seen.of(kinds.TWO_PLACES)
    many, apart = seen.lately(REUSED), seen.lately(kinds.TWO_PLACES)
    if not many and apart < 3:
        return
    places = [str(one) for one in (reused.about.get("places") or two.about.get("places") or ())]
    places = places if len(places) > 1 else [*dict.fromkeys((*places, *seen.places))][:2]
    client, by = seen.client, " and ".join(places) or "one address"
    code = "refresh_token_reused" if many else "refresh_from_two_addresses"
    what = f"A refresh token was used again after it had been replaced, {many} times in the last day (from {by}); what "
    what += "it gave is revoked each time, and the person signs in anew."
    if not many:
        what = f"One grant is refreshed from two addresses ({by}), {apart} times in the last day: they overtake each "
        what += "other sooner or later."
    replicas = Cause(
        "Two replicas keep the same refresh token and both use it: rotation makes the loser's worthless.",
        f"The addresses differ: {by}.",
        "Let them share one token store and one lock per grant, or one of them refresh; or, where that cannot be: "
        f"doorward client set {client.id} refresh_token_rotation=false",
    )  # fmt: skip
    parallel = Cause(
        "Several requests of one process refresh at once, or it repeats one after a timeout.",
        f"One address, within seconds. Within the grace of {seen.grace:.0f} s (tokens.refresh_grace) it is answered "
        "again; later it is not.",
        "Let one request refresh and the others wait for it; or a longer [tokens] refresh_grace.",
    )
    stolen = Cause(
        "Somebody else has the token.",
        "An address that is none of its servers or devices.",
        f"Its grant is revoked already; change its secret: doorward client secret {client.id}",
    )
    restored = Cause(
        "It was restored from a backup, or does not keep the token that each refresh answers.",
        "Every refresh fails from the second on.",
        "Let it keep the new refresh_token of each answer.",
    )
    likely = (replicas, parallel) if len(places) > 1 else (parallel, replicas)
    yield Symptom(
        code=code, side="application", field="refresh_token", what=what, causes=(*likely, restored, stolen),
        times=many or apart, since=(reused if many else two).first_at, last_at=(reused if many else two).last_at,
        expected=f"each refresh token once (refresh_token_rotation={str(client.oidc.refresh_token_rotation).lower()}, "
        f"grace {seen.grace:.0f} s)", got=f"used again, from {by}", weight="wrong" if many else "note",
    )  # fmt: skip


def refreshes_too_often(seen: Evidence) -> Iterator[Symptom]:
    """Long before the access token runs out."""
    early, refreshed = seen.lately(kinds.EARLY), seen.lately(REFRESHED)
    if early < 10 or early * 2 < refreshed:
        return
    yield Symptom(
        code="refreshes_too_often", side="application", field="expires_in", weight="note",
        what=f"{early} of {refreshed} refreshes of the last day came long before the access token ran out.",
        causes=(
            Cause("It refreshes at each request.", "As many refreshes as page views.",
                  "Let it keep the access token until shortly before expires_in."),
            Cause("Its clock is ahead, so every token seems to be over.", "date -u on its server.", "Switch NTP on."),
        ),
        times=early, since=seen.of(kinds.EARLY).first_at, last_at=seen.of(kinds.EARLY).last_at,
    )  # fmt: skip


def offline_unused(seen: Evidence) -> Iterator[Symptom]:
    """Grants that outlive the session, for nothing."""
    many = seen.lately(kinds.OFFLINE)
    began = seen.of(kinds.OFFLINE).first_at
    if many < 5 or seen.of(REFRESHED).last_at or not 0 < began < seen.now - 86_400:
        return
    yield Symptom(
        code="offline_access_unused", side="application", field="scope", weight="note",
        what=f"It asks for offline_access ({many} times in the last day) and has never refreshed.",
        causes=(
            Cause("It does not need it.", "It works.", "Leave the scope out: each grant is a key that lies about."),
            Cause("Its refreshing does not work.", "People are signed out when the access token ends.",
                  "Look at its log at that moment."),
        ),
        times=many, since=began, last_at=seen.of(kinds.OFFLINE).last_at,
    )  # fmt: skip


def hammered(seen: Evidence) -> Iterator[Symptom]:
    """client_credentials without a cache."""
    count = seen.of(PROGRAM)
    hours = {slot: many for slot, many in count.hours.items() if slot * 3600 > seen.now - 2 * 3600}
    most, servers = max(hours.values(), default=0), max(1, len(seen.places))
    expected = max(1, round(3600 / seen.access_life)) * servers
    if most < HAMMERED or most < 10 * expected:
        return
    yield Symptom(
        code="tokens_not_kept", side="application", field="grant_type", weight="note",
        what=f"It took {most} tokens for itself within an hour; by the life of a token {expected} would do.",
        causes=(
            Cause("It takes a new token for each call.", "As many token requests as calls.",
                  "Let it keep the token until shortly before expires_in (60 s)."),
            Cause("Many short jobs, each of which takes its own.", "The requests come in bursts.",
                  "Let them share one, or ask for a longer life: doorward client set "
                  f"{seen.client.id} access_token_lifetime=3600"),
        ),
        times=most, since=count.first_at, last_at=count.last_at, expected=f"about {expected} an hour", got=f"{most}",
    )  # fmt: skip


def introspects_others(seen: Evidence) -> Iterator[Symptom]:
    """It is told {"active": false} of live tokens that are not for it, and believes that they are over."""
    many, good = seen.lately(OTHERS), seen.lately(INTROSPECTED)
    if many < 3 or many < good:
        return
    client = seen.client
    yield Symptom(
        code="introspects_others", side="doorward", field="introspection",
        what=f"It asked {many} times in the last day about tokens that live and that it may not see: it is told "
        "“active: false”.",
        causes=(
            Cause("It is an API (a resource server), and the tokens of other applications are meant for it.",
                  f"It has introspection={client.oidc.introspection}, see: doorward client show {client.id}",
                  f"doorward client set {client.id} introspection=audience resources+=https://its.address, and let the "
                  "applications ask with that resource; or introspection=all"),
            Cause("It is sent tokens that are meant for somebody else.", "The audience of the tokens is another's.",
                  "Let the callers ask for a token with its resource."),
        ),
        times=many, since=seen.of(OTHERS).first_at, last_at=seen.of(OTHERS).last_at,
        expected="its own tokens", got=f"tokens of others, introspection={client.oidc.introspection}",
    )  # fmt: skip


def asks_anew(seen: Evidence) -> Iterator[Symptom]:
    """prompt=login, max_age=0 or ForceAuthn at every sign-in: single sign-on is switched off by it."""
    from idp.traffic import RESPONSE

    many, all_of_them = seen.lately(kinds.ANEW), seen.lately(CODE, RESPONSE)
    if many < 10 or many < 0.95 * all_of_them:
        return
    setting = "ForceAuthn" if seen.client.saml is not None else "prompt"
    yield Symptom(
        code="asks_anew_always", side="application", field=setting, weight="note",
        what=f"It asks for a new proof at each sign-in ({many} of {all_of_them}): nobody gets in by single sign-on.",
        causes=(
            Cause(f"A setting of it: {'ForceAuthn' if seen.client.saml is not None else 'prompt=login or max_age=0'}.",
                  "People say that they type their password each time.",
                  "Switch it off there (“force authentication”, “always ask”), unless it is meant."),
            Cause("It is meant: what it holds is worth it.", "Whoever runs it says so.", "Nothing."),
        ),
        times=many, since=seen.of(kinds.ANEW).first_at, last_at=seen.of(kinds.ANEW).last_at,
    )  # fmt: skip
