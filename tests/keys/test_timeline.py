"""The life of a key as it was and is planned. K1."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idp.console import timelines
from keys import rotation, timeline
from keys.rotation import Policy, SigningKey

DAY = 86_400.0
POLICY = Policy(algs=("RS256",), slack=30.0)


def _key(state: rotation.State, kid: str = "k", **times: float) -> SigningKey:
    given = {"created_at": 0.0, "published_at": 0.0, "activate_after": 0.0, **times}
    return SigningKey(kid=kid, alg="RS256", state=state, public_jwk="{}", sealed="", **given)  # type: ignore[arg-type]


def test_K1_a_lone_active_key_is_planned_to_sign_for_its_time_and_then_to_retire() -> None:
    (life,) = timeline.of_keys([_key("active", activated_at=0.0)], DAY, POLICY).values()
    assert [(p.state, p.start, p.end, p.planned) for p in life] == [
        ("active", 0.0, POLICY.rotate_after, True),
        ("retiring", POLICY.rotate_after, POLICY.rotate_after + DAY + 30, True),
    ]


def test_K1_what_is_planned_is_what_the_ring_does() -> None:
    """The plan of `rotation`, a minute at a time, ends each phase where the time line said."""
    keys = [_key("active", "a", activated_at=0.0), _key("next", "b", published_at=10 * DAY, activate_after=12 * DAY)]
    lives = timeline.of_keys(keys, 11 * DAY, POLICY)
    signs = next(p.end for p in lives["b"] if p.state == "next")
    assert signs is not None
    assert not rotation.plan(keys, signs - 1, POLICY)
    assert {(c.kid, c.to) for c in rotation.plan(keys, signs, POLICY)} == {("a", "retiring"), ("b", "active")}
    assert next(p.end for p in lives["a"] if p.state == "active") == signs


def test_K1_a_retiring_key_leaves_when_it_said() -> None:
    key = _key("retiring", activated_at=0.0, retired_at=5 * DAY, expires_at=6 * DAY + 30)
    (life,) = timeline.of_keys([key], 5.5 * DAY, POLICY).values()
    assert [(p.state, p.planned) for p in life] == [("active", False), ("retiring", True)]
    assert life[-1].end == 6 * DAY + 30


@given(
    st.lists(
        st.tuples(st.floats(0, 1e9), st.floats(0, 1e9) | st.none()).map(
            lambda t: timeline.Phase("active", t[0], None if t[1] is None else t[0] + t[1], True)
        ),
        max_size=5,
    ),
    st.floats(1e6, 1e9),
)
def test_K1_nothing_is_drawn_outside_of_the_drawing(phases: list[timeline.Phase], now: float) -> None:
    drawn = timelines.draw({"k": phases}, now)
    assert 0 <= drawn.now <= timelines.WIDTH + 1
    for bar in drawn.bars["k"]:
        assert bar.width > 0
        assert bar.x >= -0.1
        assert bar.x + bar.width <= timelines.WIDTH + 1


@pytest.mark.parametrize("state", ["next", "active", "retiring", "gone"])
def test_K1_every_state_has_a_life(state: rotation.State) -> None:
    times = {"activated_at": DAY, "retired_at": 2 * DAY, "expires_at": 3 * DAY}
    few = {"next": 0, "active": 1, "retiring": 3, "gone": 3}[state]
    key = _key(state, **dict(list(times.items())[:few]))
    others = [_key("active", "a", activated_at=0.0)] if state == "next" else []
    life = timeline.of_keys([key, *others], 2.5 * DAY, POLICY)["k"]
    assert life[0].start == 0.0
    assert state in [phase.state for phase in life]
