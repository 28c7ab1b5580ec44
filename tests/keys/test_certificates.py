"""Certificates for SAML: current and next side by side, promoted by an operator (K1, K3)."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from idp.db import Database
from keys import sealing
from keys.certificates import CertificateRing, NoSuchCertificate, TooEarly
from keys.certificates import store as certificate_store
from tests.backends import Clock, create_tables

MASTER = b"m" * 32


@pytest.fixture
def db(tmp_path: Path) -> Iterator[Database]:
    url = f"sqlite:///{tmp_path}/keys.db"
    create_tables(url, certificate_store.metadata)
    database = Database(url)
    yield database
    database.close()


def ring(db: Database, clock: Clock, **options: float) -> CertificateRing:
    return CertificateRing(db, sealing.create(db, MASTER, clock), clock, name="login.example.com", **options)


def test_the_first_use_makes_a_key_with_a_certificate_of_its_own(db: Database, clock: Clock) -> None:
    key = ring(db, clock).active()
    certificate = x509.load_der_x509_certificate(key.certificate)
    spki = (Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    assert certificate.public_key().public_bytes(*spki) == key.private_key.public_key().public_bytes(*spki)
    assert certificate.subject.rfc4514_string() == "CN=login.example.com"
    assert key.expires_at.timestamp() > clock() + 9 * 365 * 86400


def test_every_use_and_kind_has_its_own(db: Database, clock: Clock) -> None:
    own = ring(db, clock)
    kids = {own.active().kid, own.active("signing", "ec").kid, own.active("encryption").kid}
    assert len(kids) == 3
    assert [k.kind for k in own.published()] == ["rsa", "ec"]
    assert len(own.private_keys("encryption")) == 1


def test_K1_the_next_one_is_published_and_signs_only_when_an_operator_says_so(db: Database, clock: Clock) -> None:
    own = ring(db, clock, publish_before=3600.0)
    first = own.active()
    prepared = own.prepare()
    assert own.prepare().kid == prepared.kid
    assert [k.kid for k in own.published()] == [first.kid, prepared.kid]
    clock.advance(3599)
    with pytest.raises(TooEarly) as early:
        own.promote(prepared.kid)
    assert early.value.at == pytest.approx(clock() + 1)
    assert own.active().kid == first.kid
    clock.advance(1)
    own.promote(prepared.kid)
    assert own.active().kid == prepared.kid
    assert [(k.kid, k.state) for k in own.published()] == [(prepared.kid, "active"), (first.kid, "retiring")]


def test_K2_a_retiring_one_signs_again_after_a_roll_back_and_can_be_removed_after(db: Database, clock: Clock) -> None:
    own = ring(db, clock)
    first, second = own.active(), own.prepare()
    own.promote(second.kid, force=True)
    own.promote(first.kid)
    assert own.active().kid == first.kid
    with pytest.raises(ValueError, match="signs"):
        own.remove(first.kid)
    own.remove(second.kid)
    assert [k.kid for k in own.published()] == [first.kid]
    with pytest.raises(NoSuchCertificate):
        own.promote(second.kid)


def test_another_process_sees_a_promotion(db: Database, clock: Clock) -> None:
    own, other = ring(db, clock), ring(db, clock, max_staleness=0.0)
    first, second = own.active(), own.prepare()
    assert other.active().kid == first.kid
    version = other.version
    own.promote(second.kid, force=True)
    assert other.active().kid == second.kid
    assert other.version > version


def test_racing_first_uses_agree_on_one_certificate(db: Database, clock: Clock) -> None:
    rings = [ring(db, clock, max_staleness=0.0) for _ in range(4)]
    found: list[str] = []
    threads = [threading.Thread(target=lambda own=own: found.append(own.active("signing", "ec").kid)) for own in rings]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(found)) == 1
    assert len(rings[0].everything()) == 1


def test_K3_the_private_key_rests_sealed(db: Database, clock: Clock, tmp_path: Path) -> None:
    key = ring(db, clock).active()
    number = key.private_key.private_numbers().d  # type: ignore[union-attr]
    db.checkpoint()
    raw = b"".join(p.read_bytes() for p in tmp_path.iterdir())
    assert key.certificate[:20] not in raw  # kept as base64
    assert number.to_bytes(256, "big")[-64:] not in raw


def test_K4_a_change_counts_as_seen_once_no_process_may_be_older(db: Database, clock: Clock) -> None:
    own, other = ring(db, clock, max_staleness=5.0), ring(db, clock, max_staleness=5.0)
    first = own.active()
    assert other.active().kid == first.kid  # has looked, and need not look again for five seconds
    prepared = own.prepare()
    assert [key.kid for key in other.published()] == [first.kid]
    assert own.shown_everywhere_at(prepared.kid) >= clock() + 5
    own.promote(prepared.kid, force=True)
    assert other.active().kid == first.kid  # still signs with it
    assert own.signs_nowhere_at(first.kid) >= clock() + 5
    assert own.signs_nowhere_at(prepared.kid) == 0
    with pytest.raises(NoSuchCertificate):
        own.shown_everywhere_at("nobody's")
