"""What an application has of ours: keys and metadata that it did not read, or reads again at every sign-in."""

from __future__ import annotations

from collections.abc import Iterator

from idp.answers.symptoms.evidence import Evidence
from idp.answers.symptoms.symptom import Cause, Symptom
from idp.traffic import DISCOVERY, KEYS, METADATA, REDEEMED, RESPONSE


def without_the_key(seen: Evidence) -> Iterator[Symptom]:
    """The key that signs now is one that it has not been seen to fetch, though it fetched the one before."""
    key = next((one for one in seen.keys if one.is_active and one.state == "missing" and one.fetched_at), None)
    if key is None or not seen.lately(REDEEMED, RESPONSE):
        return
    client, is_saml = seen.client, seen.client.saml is not None
    what = "metadata" if is_saml else "JWKS"
    address = f"{seen.issuer}/{'saml/metadata' if is_saml else 'oauth/jwks'}"
    yield Symptom(
        code="key_not_fetched", side="application", field="certificate" if is_saml else "jwks_uri",
        what=f"It has not fetched our {what} since the key that signs now ({key.kid}) stands in it: signatures are "
        "wrong to it, if it has not got it otherwise.",
        causes=(
            Cause(f"It read our {what} once and keeps it for ever.", "Its log: “unknown kid”, “invalid signature”.",
                  f"Restart it, or let it read {address} again; then let it do so by itself when a kid is unknown."),
            Cause("It fetches from another address, by a proxy or a cache.", "It works.",
                  f"Say that it has it: doorward key told {client.id} {key.kid}"),
            Cause("The key was pasted into it by hand.", "Its settings have a certificate or key in them.",
                  f"Paste the new one; until then: doorward key pin {client.id} KID, with the old one."),
        ),
        times=seen.lately(REDEEMED, RESPONSE), since=key.fetched_at or 0.0,
        last_at=max(seen.of(REDEEMED).last_at, seen.of(RESPONSE).last_at), expected=f"the key {key.kid}",
        got="a copy that was read before",
    )  # fmt: skip


def fetched_each_time(seen: Evidence) -> Iterator[Symptom]:
    """Each sign-in waits for it, and fails when it does."""
    used = seen.lately(REDEEMED, RESPONSE)
    for kind, name in ((DISCOVERY, "discovery document"), (KEYS, "JWKS"), (METADATA, "metadata")):
        many = seen.lately(kind)
        if used < 20 or many < 0.8 * used:
            continue
        yield Symptom(
            code="documents_not_kept", side="application", field=name, weight="note",
            what=f"It fetched our {name} {many} times for {used} sign-ins of the last day: it does not keep it.",
            causes=(
                Cause("It makes its client anew for each request.", "A fetch beside each sign-in in its log.",
                      "Let it make the client once and keep it; our answers say max-age=300 and have an ETag."),
                Cause("It is started for each request (a function, a script).", "It is known to be such.",
                      "Give it a cache that outlives a request, or the addresses by configuration."),
            ),
            times=many, since=seen.of(kind).first_at, last_at=seen.of(kind).last_at, expected="once in five minutes",
            got=f"{many} times",
        )  # fmt: skip


def old_secret(seen: Evidence) -> Iterator[Symptom]:
    """It goes on with the secret that ends, and nobody has pasted the new one."""
    if seen.old_secret is None:
        return
    used_at, ends_at = seen.old_secret
    days = max(0, round((ends_at - seen.now) / 86_400))
    yield Symptom(
        code="old_secret_in_use", side="application", field="client_secret",
        what=f"It still uses its old secret, which ends in {days} days; the new one was never used.",
        causes=(
            Cause("Nobody pasted the new secret into it.", "Its settings were not touched since.",
                  "Paste the new secret there before the old one ends, and restart it; nobody has it? doorward "
                  f"client secret {seen.client.id} makes another."),
            Cause("It was pasted, and the application was not restarted, or one of its replicas was not.",
                  "The old one's last use is of today.", "Restart all of it."),
        ),
        times=1, since=used_at, last_at=used_at, expected="the new secret", got="the old one",
        weight="wrong" if days <= 3 else "note",
    )  # fmt: skip
