"""`doorward review list|start|show|end` (U6)."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime, timedelta

from tests.cli.conftest import Folder

SOON = f"{datetime.now(UTC) + timedelta(days=10):%Y-%m-%dT18:00}"


def test_u6_a_review_is_started_shown_and_ended_by_commands(site: Folder) -> None:
    for name in ("rev.boss", "rev.ann", "rev.bob"):
        site.run("user", "add", "--username", name, "--group", "Reviewed" if name != "rev.boss" else "Bosses",
                 "--new-group", "--link")  # fmt: skip
    site.run("user", "role", "rev.boss", "--add", "admin")
    wish = ("--group", "Reviewed", "--reviewer", "rev.boss", "--due", SOON, "--zone", "Europe/Berlin",
            "--unconfirmed", "withdraw")  # fmt: skip
    assert "2 are in the group" in site.run("review", "start", *wish, "--dry-run").out
    assert site.run("review", "list", "--json").json == {"reviews": []}
    review = site.run("review", "start", *wish, "--json").json
    assert (review["state"], review["total"], review["left"]) == ("open", 2, 2)
    said = site.refusal("review", "start", *wish)
    assert f"--group: Reviewed has an access review that is still open: {review['id']}." in said
    assert "0 of 2" in site.run("review", "list").out
    assert site.run("review", "list", "--json").json["reviews"][0]["id"] == review["id"]
    assert "rev.ann" in site.run("review", "show", review["id"]).out
    assert "2 taken. Nothing was changed" in site.run("review", "end", review["id"], "--dry-run").out
    assert site.run("review", "end", review["id"], "--json").json["counts"] == {"taken": 2}
    assert "is ended already" in site.refusal("review", "end", review["id"])
    lines = csv.DictReader(io.StringIO(site.run("review", "show", review["id"], "--csv").out))
    assert {(one["username"], one["outcome"]) for one in lines} == {("rev.ann", "taken"), ("rev.bob", "taken")}


def test_u6_what_is_wrong_is_said_with_the_option_that_it_stands_in(site: Folder) -> None:
    site.run("user", "add", "--username", "rev.eve", "--group", "Named", "--new-group", "--link")
    base = ("review", "start", "--group", "Named", "--due", SOON, "--zone", "UTC", "--reviewer")
    assert "--reviewer: nobody is called nobody" in site.refusal(*base, "nobody")
    assert "--reviewer: rev.eve may not decide" in site.refusal(*base, "rev.eve")
    assert "there is no group “Nmed”" in site.refusal(*base, "rev.eve", "--group", "Nmed")
    assert "--due: “soon” is no moment" in site.refusal(*base, "rev.eve", "--due", "soon")
    assert "there is no access review xyz" in site.refusal("review", "show", "xyz")
