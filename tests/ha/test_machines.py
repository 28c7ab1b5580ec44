"""H1: three machines behind HAProxy, none of them sticky; one thing after the other is killed under load."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.backends import PostgreSQL, start_postgresql
from tests.ha.groups import Cluster, Sentinels, eventually
from tests.ha.house import House, several_machines
from tests.ha.load import Crowd, check
from tests.ha.test_postgresql import several
from tests.server import unique

pytestmark = pytest.mark.slow
TOKENS = {"refresh_grace": 120}


def crowd_of(house: House, people: int = 2) -> Crowd:
    """People who sign in at one application of the house."""
    names = [unique("ann") for _ in range(people)]
    known = [(name, house.first.add_person(name).id) for name in names]
    crowd = Crowd(house.first, house.first.add_client(unique("CRM")), known)
    crowd.start()
    crowd.wait_for(3)
    return crowd


@pytest.fixture
def pair(run_pid: int) -> Iterator[tuple[PostgreSQL, PostgreSQL]]:
    """A primary, and a standby that has all of it before anybody hears of a commit."""
    primary = start_postgresql(run_pid)
    standby = primary.standby(run_pid)
    yield primary, standby
    standby.stop()
    primary.stop()


@pytest.mark.parametrize("group", ["sentinel"], indirect=True)
def test_H1_machine_redis_and_database_die_one_after_the_other(
    group: Sentinels | Cluster, pair: tuple[PostgreSQL, PostgreSQL], run_pid: int
) -> None:
    """`make soak` does it for longer, with Patroni in place of the test that promotes (docs/reliability.md)."""
    primary, standby = pair
    primary.wait_for_standby()
    storage = {"database_url": several(primary, standby), "state_url": group.url}
    with several_machines(run_pid, 2, storage=storage, tokens=TOKENS) as house:
        crowd = crowd_of(house)
        assert not crowd.refused
        house.machines[1].kill()
        crowd.wait_for(3)
        house.machines[1].start()
        group.master().kill()
        crowd.wait_for(3)
        primary.stop()
        standby.promote()
        eventually(lambda: not standby.is_standby())
        crowd.wait_for(3)
        crowd.stop()
        check(crowd)
