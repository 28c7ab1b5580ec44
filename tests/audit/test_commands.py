"""O1: `doorward audit verify`, `head`, `blank`, as an auditor uses them."""

from __future__ import annotations

import json
import shutil
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from idp import audit
from idp.audit import Event
from tests.cli.conftest import Folder, prepared

__all__ = ["prepared"]


@pytest.fixture
def site(prepared: Folder, tmp_path: Path) -> Folder:
    """An initialised installation of the test's own, in which a few people were added."""
    shutil.copytree(prepared.path, tmp_path / "site")
    made = Folder(tmp_path / "site")
    for name in ("anna", "ben"):
        done = made.run("user", "add", "--username", name, "--email", f"{name}@example.com")
        assert done.code == 0, done
    return made


def by_hand(site: Folder, sql: str, *values: Any) -> list[Any]:
    """What somebody does who has the file and not the master key."""
    with sqlite3.connect(site.data / "doorward.db") as connection:
        return connection.execute(sql, values).fetchall()


def test_o1_a_record_is_verified_by_a_command(site: Folder) -> None:
    assert site.run("audit", "head").code == 0
    said = site.run("audit", "verify")
    assert said.code == 0, said
    assert said.out.startswith("The record is whole: ")
    assert "head kept elsewhere" in said.out
    assert site.run("audit", "verify", "--json").json["whole"] is True


def test_o1_a_removal_says_between_which_two_events_and_ends_with_1(site: Folder) -> None:
    site.run("audit", "head")
    ids = [row[0] for row in by_hand(site, "SELECT id FROM events ORDER BY id")]
    by_hand(site, "DELETE FROM events WHERE id = ?", ids[1])
    said = site.run("audit", "verify")
    assert said.code == 1
    first = said.out.splitlines()[0]
    assert first.startswith("1 event was removed, between ")
    assert first.index(ids[0]) < first.index(ids[2])
    as_json = site.run("audit", "verify", "--json")
    assert as_json.code == 1
    (finding,) = json.loads(as_json.out)["findings"]
    assert (finding["what"], finding["after"]["id"], finding["before"]["id"]) == ("events_removed", ids[0], ids[2])


def test_o1_a_change_names_the_event(site: Folder) -> None:
    site.run("audit", "head")
    by_hand(site, "UPDATE events SET actor = 'cli:somebody' WHERE id = (SELECT max(id) FROM events)")
    said = site.run("audit", "verify")
    assert said.code == 1
    assert "is not as it was written" in said.out
    assert "tampered with: 1 finding" in said.out


def test_o1_a_head_kept_elsewhere_finds_a_cut_tail(site: Folder) -> None:
    site.run("audit", "head")
    site.run("user", "add", "--username", "carla")
    head = site.run("audit", "head", "--json").json
    kept = site.path / "head.json"
    kept.write_text(json.dumps(head))
    assert site.run("audit", "verify", "--head", str(kept)).code == 0
    by_hand(site, "DELETE FROM events WHERE segment = ?", head["segment"])
    by_hand(site, "DELETE FROM audit_segments WHERE number = ?", head["segment"])
    alone = site.run("audit", "verify")
    assert (alone.code, alone.out.splitlines()[0].partition(", after ")[0]) == (
        1, f"1 segment was removed, from number {head['segment']} on",
    )  # fmt: skip
    said = site.run("audit", "verify", "--head", str(kept))
    assert said.code == 1
    assert said.out.startswith("The end was cut off: the head that you gave is 1 segment further on, after ")


@pytest.mark.spec("RFC 7515 §5.2")
def test_o1_a_head_is_signed_by_a_key_of_the_jwks(site: Folder) -> None:
    from joserfc import jwt
    from joserfc.jwk import KeySet

    from idp.installation.files import read_settings
    from idp.opening import close, create_services

    signed = site.run("audit", "head").out.strip()
    services = create_services(read_settings(str(site.path / "doorward.toml")))
    try:
        keys = KeySet.import_key_set(json.loads(services.ring.jwks))
        token = jwt.decode(signed, keys)
        assert (token.header["typ"], token.claims["iss"]) == ("doorward-audit-head+jwt", services.issuer)
    finally:
        close(services)
    assert token.claims["segment"] == site.run("audit", "verify", "--json").json["last_segment"]


def test_o1_a_head_that_is_none_is_bad_input(site: Folder) -> None:
    site.run("audit", "head")
    assert "cannot be read" in site.refusal("audit", "verify", "--head", "nowhere.json")
    signed = site.run("audit", "head").out.strip()
    header, payload, signature = signed.split(".")
    kept = site.path / "head"
    for text in ("", "x", "{}", '{"jws": 1}', "[" * 50_000, f"{header}.e30.{signature}"):
        kept.write_text(text)
        assert "it is not what `doorward audit head` writes" in site.refusal("audit", "verify", "--head", str(kept))
    from joserfc.util import urlsafe_b64decode, urlsafe_b64encode

    claims = json.loads(urlsafe_b64decode(payload.encode()))
    forged = urlsafe_b64encode(json.dumps({**claims, "segment": 1, "chain": "0" * 64}).encode()).decode()
    kept.write_text(f"{header}.{forged}.{signature}")
    assert "it was changed, or another installation wrote it" in site.refusal("audit", "verify", "--head", str(kept))


def test_o1_personal_data_of_somebody_removed_is_blanked_by_a_command(site: Folder) -> None:
    anna = site.run("user", "show", "anna", "--json").json["id"]
    site.run("audit", "head")
    assert "not removed" in site.refusal("audit", "blank", anna, "--yes")
    assert site.run("user", "remove", "anna", "--yes").code == 0
    head = site.run("audit", "head").out
    (site.path / "head").write_text(head)
    assert "would lose" in site.run("audit", "blank", anna).out
    assert "anna" in str(by_hand(site, "SELECT * FROM events"))
    assert site.run("audit", "blank", anna, "--yes").out.startswith("Blanked ")
    assert "anna" not in str(by_hand(site, "SELECT * FROM events"))
    assert anna not in str(by_hand(site, "SELECT * FROM events"))
    assert site.run("audit", "verify", "--head", "head").code == 0
    (blanked,) = site.run("audit", "list", "--action", "audit:blanked", "--json").json["events"]
    assert (blanked["actor"][:4], blanked["detail"]["events"] > 0) == ("cli:", True)
    assert "no event is about" in site.refusal("audit", "blank", anna, "--yes", code=1)


def test_o1_the_server_seals_by_itself_and_sweeps_by_kind(open_provider: Any, clock: Any) -> None:
    from idp.audit.chain import sealing, verifying
    from idp.background import sweep

    provider = open_provider(audit={"retention_days": 400, "retention_by_kind": {"error": 10}})
    services = provider.services
    audit.record(services.db, Event("error:bad", error_id="E-1"), clock())
    audit.record(services.db, Event("client:changed"), clock())
    assert sealing.seal_all(services.db, clock) == 2
    clock.advance(11 * 86400)
    assert sweep(services)["events"] == 1
    verdict = verifying.verify(services.db)
    assert (verdict.is_whole, verdict.events, verdict.pruned) == (True, 1, 1)
