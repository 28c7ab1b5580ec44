"""The ring: what it publishes, who signs, and what many processes at once make of it (K1, K3, S50)."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import jwt
import pytest

from idp.db import Database
from keys.algorithms import ALGORITHMS, UnsupportedAlgorithm, generate
from keys.ring import NoKey, Ring
from keys.rotation import NoSuchKey, Policy, TooEarly
from keys.sealing import Sealer, create
from tests.backends import Clock

PRIVATE_MEMBERS = {"d", "p", "q", "dp", "dq", "qi", "oth", "k"}


def states(ring: Ring) -> list[tuple[str, str]]:
    return [(key.alg, key.state) for key in ring.list_keys()]


def published(ring: Ring) -> list[str]:
    return [jwk["kid"] for jwk in json.loads(ring.jwks)["keys"]]


@pytest.mark.parametrize("alg", ALGORITHMS)
def test_K3_every_algorithm_signs_what_another_library_verifies(make_ring: Callable[..., Ring], alg: str) -> None:
    ring = make_ring(algs=(alg,))
    ring.tick()
    token = ring.signer(alg).sign_jwt({"sub": "älice", "exp": 4e9}, "at+jwt")
    (jwk,) = json.loads(ring.jwks)["keys"]
    assert jwt.decode(token, jwt.PyJWK(jwk), algorithms=[alg]) == {"sub": "älice", "exp": 4e9}
    assert jwt.get_unverified_header(token) == {"alg": alg, "kid": jwk["kid"], "typ": "at+jwt"}
    assert (jwk["alg"], jwk["use"]) == (alg, "sig")


def test_RSA_keys_are_never_smaller_than_2048_bits() -> None:
    with pytest.raises(ValueError, match="2048"):
        generate("RS256", 1024)


@pytest.mark.spec("RFC7638 3")
def test_S50_kids_are_thumbprints_and_unique(make_ring: Callable[..., Ring]) -> None:
    ring = make_ring(algs=tuple(ALGORITHMS))
    ring.tick()
    kids = published(ring)
    assert len(set(kids)) == len(ALGORITHMS)
    for jwk in json.loads(ring.jwks)["keys"]:
        assert ring.snapshot().imported[jwk["kid"]].key.thumbprint() == jwk["kid"]


@pytest.mark.spec("RFC8725 3.1")
def test_S40_no_two_algorithms_share_a_key(make_ring: Callable[..., Ring]) -> None:
    ring = make_ring(algs=("RS256", "PS256", "RS384"))
    ring.tick()
    moduli = {jwk["n"] for jwk in json.loads(ring.jwks)["keys"]}
    assert len(moduli) == 3


def test_S50_the_JWKS_has_no_private_members_at_any_time(make_ring: Callable[..., Ring], clock: Clock) -> None:
    ring = make_ring(algs=("RS256", "ES256", "EdDSA"))
    for _ in range(30):
        ring.tick()
        keys = json.loads(ring.jwks)["keys"]
        assert keys
        for jwk in keys:
            assert not PRIVATE_MEMBERS & set(jwk)
            assert {"kty", "use", "alg", "kid"} <= set(jwk)
        clock.advance(50)


def test_K1_a_life_in_four_states(ring: Ring, clock: Clock) -> None:
    first = ring.signer("ES256").kid
    assert states(ring) == [("ES256", "active")]
    clock.advance(880)
    (change,) = ring.tick()
    second = change.kid
    assert states(ring) == [("ES256", "active"), ("ES256", "next")]
    assert published(ring) == [first, second]
    assert ring.signer("ES256").kid == first
    clock.advance(129)
    assert ring.tick() == ()
    clock.advance(1)
    assert [(c.kid, c.to) for c in ring.tick()] == [(first, "retiring"), (second, "active")]
    assert published(ring) == [second, first]
    assert ring.signer("ES256").kid == second
    clock.advance(200 + 30)
    assert [(c.kid, c.to) for c in ring.tick()] == [(first, "gone")]
    assert published(ring) == [second]
    assert ring.find_public(first) is None
    assert ring.find_public(first, gone=True) is not None


def test_the_JWKS_and_its_etag_are_the_same_bytes_until_a_key_changes(
    ring: Ring, make_ring: Callable[..., Ring], clock: Clock
) -> None:
    other = make_ring()
    before = (ring.jwks, ring.etag)
    assert (other.jwks, other.etag) == before
    clock.advance(100)
    ring.tick()
    assert ring.jwks is before[0]
    ring.rotate("ES256")
    assert ring.jwks != before[0]
    assert ring.etag != before[1]
    assert before[1][0] == before[1][-1] == '"'


def test_RS256_comes_first_for_apps_that_take_the_first_key(make_ring: Callable[..., Ring]) -> None:
    ring = make_ring(algs=("EdDSA", "ES256", "PS256", "RS256"))
    ring.tick()
    assert json.loads(ring.jwks)["keys"][0]["alg"] == "RS256"
    assert ring.algorithms()[0] == "RS256"


def test_a_key_is_imported_once_over_all_versions_of_the_ring(ring: Ring) -> None:
    signer = ring.signer("ES256")
    assert ring.signer("ES256") is signer
    before = ring.version
    ring.ensure(("EdDSA",))
    assert ring.version > before
    assert ring.signer("ES256") is signer


def test_ensure_makes_only_what_is_missing_and_it_rolls_from_then_on(ring: Ring, clock: Clock) -> None:
    assert [c.alg for c in ring.ensure(("ES256", "PS256"))] == ["PS256"]
    assert ring.ensure(("ES256", "PS256")) == ()
    clock.advance(900)
    assert {(c.alg, c.to) for c in ring.tick()} == {("ES256", "next"), ("PS256", "next")}


def test_algorithms_outside_the_table_are_refused_by_name(ring: Ring, make_ring: Callable[..., Ring]) -> None:
    for name in ("none", "HS256", "ES256K", "rs256"):
        with pytest.raises(UnsupportedAlgorithm, match="RS256"):
            ring.ensure((name,))
        with pytest.raises(UnsupportedAlgorithm):
            ring.rotate(name)
        with pytest.raises(UnsupportedAlgorithm):
            make_ring(algs=(name,))
        with pytest.raises(NoKey):
            ring.signer(name)


def test_K1_an_operator_rotates_and_promotes(ring: Ring, clock: Clock) -> None:
    old = ring.signer("ES256").kid
    new = ring.rotate("ES256")
    assert new.state == "next"
    assert ring.rotate("ES256") == new
    with pytest.raises(TooEarly) as refused:
        ring.promote("ES256")
    assert refused.value.at == clock.now + 130
    assert ring.signer("ES256").kid == old
    clock.now = refused.value.at
    ring.promote("ES256")
    assert ring.signer("ES256").kid == new.kid
    assert ring.promote(new.kid) == ()
    ring.promote(old)
    assert ring.signer("ES256").kid == old
    assert published(ring) == [old, new.kid]


def test_K1_what_an_operator_prepared_signs_by_itself_in_time(ring: Ring, clock: Clock) -> None:
    new = ring.rotate("ES256")
    clock.advance(130)
    ring.tick()
    assert ring.signer("ES256").kid == new.kid


def test_a_distrusted_key_is_gone_from_every_process_within_the_bound(
    ring: Ring, make_ring: Callable[..., Ring], clock: Clock
) -> None:
    other = make_ring()
    old = other.signer("ES256").kid
    ring.rotate("ES256")
    ring.promote("ES256", force=True)
    with pytest.raises(NoSuchKey):
        ring.withdraw(ring.signer("ES256").kid)
    ring.withdraw(old)
    assert ring.find_public(old, gone=True) is None
    clock.advance(5.01)
    assert other.find_public(old, gone=True) is None
    assert old not in published(other)
    assert other.signer("ES256").kid != old


def test_a_snapshot_is_read_without_the_store_and_is_never_older_than_the_bound(
    db: Database, ring: Ring, clock: Clock
) -> None:
    ring.snapshot()
    asked: list[str] = []
    db.observer = asked.append
    for _ in range(5):
        clock.advance(1)
        ring.signer("ES256")
        ring.jwks  # noqa: B018
        ring.find_public(ring.signer("ES256").kid)
    assert asked == []
    clock.advance(0.01)
    ring.signer("ES256")
    assert len(asked) == 1
    assert "keys_version" in asked[0]
    clock.advance(-100)
    ring.signer("ES256")
    assert len(asked) == 2


def test_a_version_that_travelled_with_another_statement_saves_the_check_or_makes_one(
    db: Database, ring: Ring, make_ring: Callable[..., Ring], clock: Clock
) -> None:
    other = make_ring()
    seen = other.version
    asked: list[str] = []
    db.observer = asked.append
    clock.advance(4)
    other.saw(seen)
    clock.advance(4)
    other.signer("ES256")
    assert asked == []
    db.observer = None
    new = ring.rotate("ES256")
    other.saw(ring.version)
    assert new.kid in published(other)


def test_a_token_signed_by_another_process_with_a_brand_new_key_is_known_at_once(
    ring: Ring, make_ring: Callable[..., Ring]
) -> None:
    other = make_ring()
    other.snapshot()
    ring.ensure(("EdDSA",))
    kid = ring.signer("EdDSA").kid
    assert other.find_public(kid) is not None
    assert other.signer("EdDSA").kid == kid


def test_a_slack_smaller_than_the_staleness_is_refused(db: Database, sealer: Sealer) -> None:
    with pytest.raises(ValueError, match="slack"):
        Ring(db, sealer, policy=Policy(slack=9.9), max_staleness=5)


def test_K1_many_rings_that_tick_together_make_one_change(any_url: str, master: bytes, clock: Clock) -> None:
    sealer = create(Database(any_url), master, clock)
    policy = Policy(algs=("ES256", "EdDSA"), rotate_after=1000, publish_before=100, token_lifetime_max=200)
    rings = [Ring(Database(any_url), sealer, clock, policy) for _ in range(6)]
    together = threading.Barrier(len(rings))

    def tick(ring: Ring) -> int:
        together.wait()
        return len(ring.tick())

    with ThreadPoolExecutor(len(rings)) as pool:
        for _ in range(60):
            before = rings[0].refresh()
            done = [n for n in pool.map(tick, rings) if n]
            after = rings[0].refresh()
            assert after.version - before.version == len(done) <= 1
            for alg in policy.algs:
                own = [k.state for k in after.keys if k.alg == alg]
                assert own.count("active") == 1
                assert own.count("next") <= 1
            assert len({ring.refresh().etag for ring in rings}) == 1
            clock.advance(60)
    assert rings[0].version > 8


def test_many_rings_that_ensure_together_make_one_key(any_url: str, master: bytes, clock: Clock) -> None:
    sealer = create(Database(any_url), master, clock)
    rings = [Ring(Database(any_url), sealer, clock, Policy(algs=())) for _ in range(6)]
    together = threading.Barrier(len(rings))

    def ensure(ring: Ring) -> str:
        together.wait()
        ring.ensure(("ES256",))
        return ring.signer("ES256").kid

    with ThreadPoolExecutor(len(rings)) as pool:
        assert len(set(pool.map(ensure, rings))) == 1


PROCESS = """
import sys, time
from idp.db import Database
from keys.ring import Ring
from keys.rotation import Policy
from keys.sealing import create
url, master, start = sys.argv[1], bytes.fromhex(sys.argv[2]), float(sys.argv[3])
now = 1e9
db = Database(url)
ring = Ring(db, create(db, master, lambda: now), lambda: now, Policy(("ES256",), 1000, 100, 200))
while time.time() < start:
    time.sleep(0.001)
for _ in range(60):
    ring.tick()
    print(ring.version, ring.signer("ES256").kid, flush=True)
    now += 60
"""


@pytest.mark.slow
def test_K1_processes_that_tick_together_leave_one_active_key(any_url: str, master: bytes) -> None:
    arguments = [sys.executable, "-c", PROCESS, any_url, master.hex(), str(time.time() + 3)]
    root = Path(__file__).parents[2]
    running = [subprocess.Popen(arguments, cwd=root, stdout=subprocess.PIPE, text=True) for _ in range(4)]
    outputs = [process.communicate(timeout=120)[0] for process in running]
    assert [process.returncode for process in running] == [0] * 4
    assert all(len(output.splitlines()) == 60 for output in outputs)
    db = Database(any_url)
    end = 1e9 + 60 * 60
    ring = Ring(db, create(db, master, lambda: end), lambda: end, Policy(("ES256",), 1000, 100, 200))
    ring.tick()
    own = [key.state for key in ring.list_keys()]
    assert own.count("active") == 1
    assert own.count("next") <= 1
    assert len(own) >= 4
