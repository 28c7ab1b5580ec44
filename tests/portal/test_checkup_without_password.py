"""People who come through a provider are told nothing of a password that they have not; no passkey where none works."""

from __future__ import annotations

from idp.accounts.factors import webauthn
from idp.accounts.person import Person
from idp.portal import checkup
from tests.provider import Provider


def todo(person: Person, *possible: str) -> str:
    return " ".join(text for text, _ in checkup.to_do(person, (), 0, possible, reachable=True))


def test_t2_what_is_to_be_done_fits_what_somebody_has(provider: Provider) -> None:
    ann = provider.add_person()
    assert "passkey or an authenticator app" in todo(ann, webauthn.KIND, "totp")
    assert "passkey" not in todo(ann, "totp")
    assert todo(provider.add_person("bob", password=None), webauthn.KIND, "totp") == ""
