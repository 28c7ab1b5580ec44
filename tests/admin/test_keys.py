"""Keys and certificates as admins roll them, by any door."""

from __future__ import annotations

import pytest

from idp.admin import certificates, keys
from keys.certificates import TooEarly as CertificateTooEarly
from keys.rotation import TooEarly
from tests.admin.conftest import Recorded
from tests.backends import Clock
from tests.provider import Provider


def test_k4_a_key_is_forced_to_sign_only_once_every_server_shows_it(
    provider: Provider, record: Recorded, clock: Clock
) -> None:
    (key,) = keys.rotate(provider.services, ["RS256"], record=record).keys
    with pytest.raises(TooEarly):
        keys.promote(provider.services, key.kid, record=record)
    with pytest.raises(keys.NotEverywhere) as caught:
        keys.promote(provider.services, key.kid, force=True, record=record)
    clock.advance(caught.value.at - clock())
    changes = keys.promote(provider.services, key.kid, force=True, record=record)
    assert key.kid in {change.kid for change in changes}
    assert record.actions == ["key:rotate", "key:promote"]


def test_rotating_again_makes_nothing_and_records_nothing(provider: Provider, record: Recorded) -> None:
    first = keys.rotate(provider.services, ["RS256"], record=record)
    again = keys.rotate(provider.services, ["RS256"], record=record)
    assert (again.keys, again.made) == (first.keys, ())
    assert record.actions == ["key:rotate"]


def test_k4_a_certificate_is_forced_to_sign_or_withdrawn_only_once_every_server_has_seen_the_change_before(
    provider: Provider, record: Recorded, clock: Clock
) -> None:
    before = provider.services.certificates.active("signing", "rsa").kid
    prepared, is_new = certificates.prepare(provider.services, "signing", "rsa", record=record)
    assert is_new
    with pytest.raises(CertificateTooEarly):
        certificates.promote(provider.services, prepared.kid, record=record)
    with pytest.raises(keys.NotEverywhere) as caught:
        certificates.promote(provider.services, prepared.kid, force=True, record=record)
    clock.advance(caught.value.at - clock())
    certificates.promote(provider.services, prepared.kid, force=True, record=record)
    with pytest.raises(keys.NotEverywhere) as caught:
        certificates.withdraw(provider.services, before, record=record)
    clock.advance(caught.value.at - clock())
    certificates.withdraw(provider.services, before, record=record)
    assert not certificates.is_one(provider.services, before)
    assert record.actions == ["certificate:prepared", "certificate:promoted", "certificate:removed"]
