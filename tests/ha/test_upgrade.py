"""H2: machines are upgraded one after the other while people sign in; the release before works on the new schema."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from idp.installation import schema
from tests.backends import PostgreSQL, Redis
from tests.ha import releases
from tests.ha.groups import eventually
from tests.ha.house import Balancer, Machine
from tests.ha.load import Crowd, check
from tests.server import REPOSITORY, HttpBrowser, running

pytestmark = pytest.mark.slow


@pytest.fixture
def before(tmp_path: Path) -> Path:
    """The code of the release before this one."""
    commit = releases.previous()
    if not commit:
        pytest.skip("this checkout has no earlier release in it (git fetch --unshallow --tags)")
    return releases.check_out(commit, tmp_path / "before")


def test_H2_machines_are_upgraded_one_after_the_other_and_nobody_notices(
    before: Path, postgresql: PostgreSQL, redis_server: Redis, run_pid: int
) -> None:
    redis_server.flush()
    balancer = Balancer(run_pid)
    storage = {"database_url": postgresql.url(postgresql.create()), "state_url": redis_server.url}
    sections = {"server": {"issuer": balancer.url}, "storage": storage}
    one = Machine(run_pid, sections, code=before)
    one.cli_json("init", "--json")
    two = Machine(run_pid, sections, code=before, var=one.folder / "var")
    new = Machine(run_pid, sections, var=one.folder / "var")
    people, app = releases.people_of(one, 2)
    try:
        one.start()
        two.start()
        balancer.start([one, two])
        # This release says what it misses, and changes nothing by itself.
        refused = new.cli("serve")
        assert refused.returncode == 1
        assert "run `doorward migrate`" in refused.stderr
        crowd = Crowd(releases.Talker(balancer.url), app, people)
        crowd.start()
        crowd.wait_for(2)
        assert new.cli_json("migrate", "--json")["after"] == schema.head()
        crowd.wait_for(3)  # the release before, on the new schema
        # Once it has ended it does not come back, and says why.
        refused = two.cli("serve") if schema.head() not in _revisions(before) else refused
        assert refused.returncode == 1
        for machine in (one, two):
            balancer.drain(machine)
            machine.stop()
            machine.code = REPOSITORY
            machine.start()
            balancer.back(machine)
            crowd.wait_for(3)  # first both releases at once, then this one alone
        crowd.stop()
        check(crowd)
        assert not crowd.refused, crowd.summary()
    finally:
        balancer.close()
        for machine in (one, two, new):
            machine.close()


def _revisions(code: Path) -> set[str]:
    return {file.name.partition("_")[0] for file in (code / "idp" / "migrations" / "versions").glob("*.py")}


def test_H2_a_machine_that_ends_says_so_first_and_goes_on_answering(run_pid: int) -> None:
    """`server.drain_seconds`: the balancer learns of it before it is refused a connection."""
    with running(run_pid, server={"drain_seconds": 20}) as server:
        assert server.process is not None
        machine = HttpBrowser(server.issuer)
        assert machine.get("readyz").status == 200
        server.process.send_signal(signal.SIGTERM)
        eventually(lambda: machine.get("readyz").status == 503)
        assert machine.get("readyz").json["status"] == "leaving"
        assert [machine.get(path).status for path in ("healthz", ".well-known/openid-configuration")] == [200, 200]
        server.stop()  # the second signal ends it at once
