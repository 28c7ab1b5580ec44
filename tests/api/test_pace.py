"""How fast one caller may go, whatever the number of server processes. C4, X30."""

from __future__ import annotations

from idp.accounts.roles import RoleGrant
from idp.api.pace import BURST, LEASE, PER_SECOND, SPARE, WINDOW, Pace
from idp.state import StateUnavailable
from idp.state.memory import MemoryState
from tests.api.conftest import Api, Program
from tests.api.test_access import refused
from tests.backends import Clock
from tests.provider import Provider

START = 1000 * WINDOW


def burst(processes: list[Pace], state: object, now: float, caller: str = "client:x") -> int:
    """Calls until each of the processes has refused one."""
    let_in, willing = 0, list(processes)
    while willing:
        for one in tuple(willing):
            if one.wait(state, caller, now):  # type: ignore[arg-type]
                willing.remove(one)
            else:
                let_in += 1
    return let_in


def test_C4_however_many_processes_there_are_a_caller_gets_as_much_as_of_one() -> None:
    clock = Clock(START)
    alone = burst([Pace()], MemoryState(clock), START)
    assert alone == SPARE
    for many in (2, 4, 7):
        assert burst([Pace() for _ in range(many)], MemoryState(clock), START) == alone


def test_C4_never_are_there_more_at_once_than_is_said_and_in_the_long_run_no_more_than_refill() -> None:
    clock = Clock(START + WINDOW - 0.001)
    processes, state = [Pace(), Pace(), Pace()], MemoryState(clock)
    first = burst(processes, state, clock())
    assert BURST - 2 <= first <= BURST  # all that one who was silent can have
    total, seconds = 0, 0.0
    while seconds < 10 * WINDOW:
        clock.advance(LEASE / PER_SECOND)
        seconds += LEASE / PER_SECOND
        total += burst(processes, state, clock())
    assert PER_SECOND * seconds * 0.8 <= total <= PER_SECOND * seconds + LEASE
    clock.advance(2 * WINDOW)  # and after a rest there is something spare again
    assert burst(processes, state, clock()) >= SPARE


def test_C4_what_was_refused_uses_nothing_up_and_does_not_ask_the_store_again() -> None:
    clock = Clock(START)
    state, process, seen = MemoryState(clock), Pace(), list[str]()
    burst([process], state, clock())
    state.observer = seen.append
    for _ in range(100):
        assert process.wait(state, "client:x", clock()) > 0
    assert seen == []
    clock.advance(1)
    assert burst([process], state, clock()) == PER_SECOND
    assert process.wait(state, "client:y", clock()) == 0  # another caller


def test_C4_a_call_costs_one_addition_for_five_of_them(provider: Provider, owner: Api, clock: Clock) -> None:
    clock.advance(WINDOW - clock() % WINDOW + 1)  # where no look at the window before is needed
    counts = []
    for _ in range(2 * LEASE):
        clock.advance(0.2)
        _, verbs, answer = provider.counted(lambda: owner.get("/caller"))
        assert answer.status == 200
        counts.append(verbs.count("count"))
    assert sum(counts) == 2
    assert max(counts) == 1


def test_C4_two_processes_of_one_installation_share_the_pace(provider: Provider, program: Program) -> None:
    api = program(RoleGrant("auditor"))
    caller = f"client:{api.get('/caller').json['id']}"
    other = Pace()  # of another process, which has nothing but the store in common
    while not other.wait(provider.services.state, caller, provider.services.clock()):
        pass
    answers = [api.get("/caller") for _ in range(LEASE)]
    refused(answers[-1], 429, "too-many")
    assert answers[-1].headers["Retry-After"] == "1"


def test_C4_where_the_store_is_silent_a_process_goes_by_what_it_counted_itself() -> None:
    class Silent(MemoryState):
        def count(self, key: str, ttl: float, by: int = 1) -> int:
            raise StateUnavailable("no answer")

    assert burst([Pace()], Silent(Clock(START)), START) == SPARE
