"""K3: private keys in the transit engine of OpenBao or Vault."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from idp import key_holders
from idp.db import Database
from keys.holders import HolderUnavailable
from keys.ring import Ring
from keys.rotation import Policy
from keys.sealing import Sealer
from keys.verifying import verify_own
from tests.backends import Clock
from tests.keys.transit_server import BEARER, OpenBao, StandIn, openbao
from tests.provider import make_settings

ALGS = ("RS256", "PS256", "ES256", "EdDSA")


@pytest.fixture(params=["a stand-in", pytest.param("openbao", marks=pytest.mark.slow)])
def transit(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Any]:
    if request.param == "openbao" and not openbao():
        pytest.skip("neither bao nor vault is installed")
    made = StandIn() if request.param == "a stand-in" else OpenBao(tmp_path)
    yield made
    made.close()


def ring_on(transit: Any, folder: Path, db: Database, sealer: Sealer, clock: Clock) -> Ring:
    """A ring whose new keys are made there; the token comes from a file, as an agent writes it."""
    file = folder / "transit.token"
    file.write_text(transit.bearer + "\n")
    file.chmod(0o600)
    keys = {"new_keys_in": "transit", "transit_url": transit.url, "transit_token_file": str(file)}
    settings = make_settings(folder, keys=keys)
    policy = Policy(ALGS, rotate_after=1000, publish_before=100, token_lifetime_max=200)
    return Ring(db, sealer, clock, policy, holders=key_holders.of(settings))


def test_K3_transit_signs_in_every_algorithm_and_its_keys_roll_and_end_there(
    transit: Any, tmp_path: Path, db: Database, sealer: Sealer, clock: Clock
) -> None:
    ring = ring_on(transit, tmp_path, db, sealer, clock)
    ring.tick()
    for alg in ALGS:
        token = ring.signer(alg).sign_jwt({"sub": "she", "exp": clock() + 60}, "at+jwt")
        assert verify_own(ring, token, types=["at+jwt"], now=clock())["sub"] == "she"
        assert ring.signer(alg).kept_in == "transit"
    made = ring.rotate("ES256")
    holder = key_holders.of(make_settings(tmp_path, keys={
        "transit_url": transit.url, "transit_token": transit.bearer,
    })).of("transit")  # fmt: skip
    assert holder.look() == "transit"
    signer = ring.snapshot().imported[made.kid]
    ring.withdraw(made.kid)
    with pytest.raises(HolderUnavailable):
        signer.sign_jwt({}, "JWT")


def test_K3_what_transit_refuses_is_said_and_tried_again_with_the_next_request(
    tmp_path: Path, db: Database, sealer: Sealer, clock: Clock
) -> None:
    transit = StandIn()
    ring = ring_on(transit, tmp_path, db, sealer, clock)
    ring.ensure(["ES256"])
    signer = ring.signer("ES256")
    transit.sealed = True
    with pytest.raises(HolderUnavailable, match="unseal it"):
        signer.sign_jwt({}, "JWT")
    transit.sealed, transit.bearer = False, "another"
    with pytest.raises(HolderUnavailable, match="the policy of its token") as told:
        signer.sign_jwt({}, "JWT")
    assert BEARER not in str(told.value)
    (tmp_path / "transit.token").write_text("another")  # an agent renewed it
    assert signer.sign_jwt({}, "JWT")
    (tmp_path / "transit.token").chmod(0o644)
    with pytest.raises(HolderUnavailable, match="others can read"):
        signer.sign_jwt({}, "JWT")
    transit.close()
    (tmp_path / "transit.token").chmod(0o600)
    with pytest.raises(HolderUnavailable, match="cannot be used"):
        signer.sign_jwt({}, "JWT")


@pytest.mark.parametrize("url", ["http://bao.example:8200", "bao.example", "ftp://127.0.0.1"])
def test_K3_the_token_of_transit_crosses_no_network_in_the_clear(url: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="https://"):
        make_settings(tmp_path, keys={"transit_url": url})


@pytest.mark.parametrize("kind", ["pkcs11", "transit"])
def test_K3_new_keys_go_nowhere_that_is_not_named(kind: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=f"needs {kind}_"):
        make_settings(tmp_path, keys={"new_keys_in": kind})
