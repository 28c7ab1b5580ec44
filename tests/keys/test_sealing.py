"""Secrets at rest (K3)."""

from __future__ import annotations

import base64
import json
import sqlite3
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from idp.db import Database
from keys.algorithms import generate
from keys.ring import Ring
from keys.sealing import BrokenSeal, NoRootSecret, Sealer, WrongMasterKey, create, load, rewrap


def test_K3_what_is_sealed_opens_for_the_same_purpose_and_context(sealer: Sealer) -> None:
    for plain in (b"", b"seed", bytes(4096)):
        assert sealer.open("totp", sealer.seal("totp", plain, b"row 1"), b"row 1") == plain


def test_K3_a_seal_breaks_when_it_is_moved_to_another_place_or_changed(sealer: Sealer) -> None:
    sealed = sealer.seal("totp", b"seed", b"row 1")
    raw = base64.urlsafe_b64decode(sealed + "==")
    changed = [raw[:i] + bytes([raw[i] ^ 1]) + raw[i + 1 :] for i in range(len(raw))]
    texts = [base64.urlsafe_b64encode(c).rstrip(b"=").decode() for c in changed]
    for text in [*texts, sealed[:-4], sealed + "AAAA", sealed + "=", "", "A", "é", "\0", sealed + "\n"]:
        with pytest.raises(BrokenSeal):
            sealer.open("totp", text, b"row 1")
    with pytest.raises(BrokenSeal):
        sealer.open("totp", sealed, b"row 2")
    with pytest.raises(BrokenSeal):
        sealer.open("upstream", sealed, b"row 1")


def test_K3_the_same_secret_never_seals_to_the_same_text_twice(sealer: Sealer) -> None:
    assert len({sealer.seal("totp", b"seed") for _ in range(100)}) == 100


def test_mac_keys_differ_by_purpose_and_outlive_restarts(db: Database, sealer: Sealer, master: bytes) -> None:
    again = load(db, master)
    assert sealer.mac_key("audit") == again.mac_key("audit") != sealer.mac_key("csrf")
    assert len(sealer.mac_key("audit")) == 32


def test_K3_another_master_key_is_refused_and_the_message_says_where_to_look(
    db: Database, sealer: Sealer, master: bytes
) -> None:
    wrong = bytes(32)
    attempts: list[Callable[[], Sealer]] = [lambda: load(db, wrong), lambda: create(db, wrong, lambda: 0.0)]
    for attempt in attempts:
        with pytest.raises(WrongMasterKey, match=r"keys\.master_key_file") as refused:
            attempt()
        assert master.hex() not in str(refused.value)
        assert wrong.hex() not in str(refused.value)


def test_a_database_without_a_root_secret_says_so(db: Database, master: bytes) -> None:
    with pytest.raises(NoRootSecret, match="doorward init"):
        load(db, master)


def test_K3_the_master_key_changes_without_sealing_anything_else_again(
    db: Database, sealer: Sealer, master: bytes
) -> None:
    sealed, new = sealer.seal("totp", b"seed"), bytes(range(32))
    rewrap(db, master, new)
    assert load(db, new).open("totp", sealed) == b"seed"
    with pytest.raises(WrongMasterKey):
        load(db, master)
    with pytest.raises(WrongMasterKey):
        rewrap(db, master, new)


def test_processes_that_start_together_end_with_one_root_secret(any_url: str, master: bytes) -> None:
    together = threading.Barrier(8)

    def start(_: int) -> bytes:
        own = Database(any_url)
        together.wait()
        return create(own, master, lambda: 1.0).mac_key("x")

    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(start, range(8)))) == 1


def test_threads_share_a_sealer(sealer: Sealer) -> None:
    def work(n: int) -> bool:
        plain = str(n).encode() * 50
        return all(sealer.open("p", sealer.seal("p", plain)) == plain for _ in range(200))

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(work, range(8)))


def test_K3_no_private_material_rests_in_the_clear(
    url: str, make_ring: Callable[..., Ring], sealer: Sealer, master: bytes
) -> None:
    ring = make_ring(algs=("RS256", "ES256", "EdDSA"))
    ring.tick()
    path = url.removeprefix("sqlite:///")
    connection = sqlite3.connect(path)
    dump = "\n".join(connection.iterdump()).encode()
    connection.close()
    everything = dump + b"".join(open(path + tail, "rb").read() for tail in ("", "-wal"))  # noqa: SIM115
    secrets = [master, sealer.root]
    for signer in ring.snapshot().imported.values():
        private = signer.key.as_dict(private=True)
        assert str(private["d"]).encode() not in everything
        secrets += [base64.urlsafe_b64decode(str(private[m]) + "==") for m in ("d", "p", "q") if m in private]
    assert len(secrets) == 2 + 3 + 2
    for secret in secrets:
        for form in (
            secret,
            secret.hex().encode(),
            base64.b64encode(secret),
            base64.urlsafe_b64encode(secret).rstrip(b"="),
        ):
            assert form not in everything
    # The search would find what is there.
    assert all(key.kid.encode() in everything for key in ring.list_keys())


def test_secrets_do_not_show_in_reprs(sealer: Sealer, ring: Ring) -> None:
    signer = ring.signer("ES256")
    secret = str(ring.snapshot().signers["ES256"].key.as_dict(private=True)["d"])
    shown = repr([sealer, signer, ring.snapshot(), ring.list_keys()])
    assert secret not in shown
    assert repr(sealer.root) not in shown
    assert ring.list_keys()[0].sealed not in shown


def test_K3_a_sealed_key_swapped_into_another_row_is_refused(url: str, make_ring: Callable[..., Ring]) -> None:
    ring = make_ring(algs=("ES256", "ES384"))
    ring.tick()
    one, two = ring.list_keys()
    with sqlite3.connect(url.removeprefix("sqlite:///")) as raw:
        raw.execute("UPDATE signing_keys SET sealed = ? WHERE kid = ?", (one.sealed, two.kid))
    with pytest.raises(BrokenSeal, match=two.kid):
        make_ring().snapshot()


def test_S50_a_public_key_planted_in_the_store_does_not_become_one_of_ours(
    url: str, make_ring: Callable[..., Ring], ring: Ring
) -> None:
    ours, theirs = ring.list_keys()[0], generate("ES256")
    planted = json.dumps({**theirs.public_jwk, "kid": ours.kid})
    with sqlite3.connect(url.removeprefix("sqlite:///")) as raw:
        raw.execute("UPDATE signing_keys SET public_jwk = ?", (planted,))
    with pytest.raises(BrokenSeal, match="public part"):
        make_ring().snapshot()
