"""Keys and certificates as admins roll them, by any door."""

from __future__ import annotations

import pytest

from idp.admin import certificates, keys
from keys.certificates import TooEarly as CertificateTooEarly
from keys.rotation import TooEarly
from tests.admin.conftest import Admin
from tests.backends import Clock
from tests.provider import Provider


def test_k4_a_key_is_forced_to_sign_only_once_every_server_shows_it(
    provider: Provider, admin: Admin, clock: Clock
) -> None:
    (key,) = keys.rotate(provider.services, admin, ["RS256"]).keys
    with pytest.raises(TooEarly):
        keys.promote(provider.services, admin, key.kid)
    with pytest.raises(keys.NotEverywhere) as caught:
        keys.promote(provider.services, admin, key.kid, force=True)
    clock.advance(caught.value.at - clock())
    changes = keys.promote(provider.services, admin, key.kid, force=True)
    assert key.kid in {change.kid for change in changes}
    assert admin.actions == ["key:rotate", "key:promote"]


def test_rotating_again_makes_nothing_and_records_nothing(provider: Provider, admin: Admin) -> None:
    first = keys.rotate(provider.services, admin, ["RS256"])
    again = keys.rotate(provider.services, admin, ["RS256"])
    assert (again.keys, again.made) == (first.keys, ())
    assert admin.actions == ["key:rotate"]


def test_k4_a_certificate_is_forced_to_sign_or_withdrawn_only_once_every_server_has_seen_the_change_before(
    provider: Provider, admin: Admin, clock: Clock
) -> None:
    before = provider.services.certificates.active("signing", "rsa").kid
    prepared, is_new = certificates.prepare(provider.services, admin, "signing", "rsa")
    assert is_new
    with pytest.raises(CertificateTooEarly):
        certificates.promote(provider.services, admin, prepared.kid)
    with pytest.raises(keys.NotEverywhere) as caught:
        certificates.promote(provider.services, admin, prepared.kid, force=True)
    clock.advance(caught.value.at - clock())
    certificates.promote(provider.services, admin, prepared.kid, force=True)
    with pytest.raises(keys.NotEverywhere) as caught:
        certificates.withdraw(provider.services, admin, before)
    clock.advance(caught.value.at - clock())
    certificates.withdraw(provider.services, admin, before)
    assert not certificates.is_one(provider.services, before)
    assert admin.actions == ["certificate:prepared", "certificate:promoted", "certificate:removed"]
