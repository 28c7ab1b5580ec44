"""When keys come and go (K1, S50): the plan as a table, and as a property over any course of time."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from itertools import count

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keys.rotation import (
    Change,
    NoSuchKey,
    Policy,
    SigningKey,
    State,
    TooEarly,
    changed,
    plan,
    preparation,
    promotion,
    ripe_at,
    withdrawal,
)

POLICY = Policy(algs=("ES256",), rotate_after=1000, publish_before=100, token_lifetime_max=200, slack=10, remember=5000)
NOW = 10_000.0


def key(state: State, kid: str = "", age: float = 0, *, left: float | None = None, alg: str = "ES256") -> SigningKey:
    """A key published, and where active activated, `age` seconds before NOW; retired `left` seconds before NOW."""
    then = NOW - age
    retired = None if left is None else NOW - left
    return SigningKey(
        kid=kid or state,
        alg=alg,
        state=state,
        public_jwk="{}",
        sealed="sealed",
        created_at=then,
        published_at=then,
        activate_after=then + POLICY.lead,
        activated_at=then if state == "active" else None,
        retired_at=retired,
        expires_at=None if retired is None else retired + 210,
    )


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        pytest.param([], [Change("ES256", "active")], id="no key: one is made, and signs at once"),
        pytest.param([key("active", age=889)], [], id="young enough: nothing"),
        pytest.param([key("active", age=890)], [Change("ES256", "next", at=NOW + 110)], id="in time for caches"),
        pytest.param([key("active", age=5000)], [Change("ES256", "next", at=NOW + 110)], id="overdue: caches first"),
        pytest.param([key("active", age=5000), key("next", age=109)], [], id="overdue: caches still first"),
        pytest.param(
            [key("active", age=5000), key("next", age=110)],
            [Change("ES256", "retiring", "active", NOW + 210), Change("ES256", "active", "next")],
            id="ripe: they change places in one step",
        ),
        pytest.param([key("next", age=1)], [Change("ES256", "active", "next")], id="none active: the next serves"),
        pytest.param([key("active"), key("retiring", left=209, age=2000)], [], id="its last token may live"),
        pytest.param(
            [key("active"), key("retiring", left=210, age=2000)],
            [Change("ES256", "gone", "retiring")],
            id="its last token has died",
        ),
        pytest.param([key("active"), key("gone", left=5209, age=9000)], [], id="old hints may name it"),
        pytest.param(
            [key("active"), key("gone", left=5210, age=9000)],
            [Change("ES256", "removed", "gone")],
            id="forgotten",
        ),
        pytest.param(
            [key("active"), key("active", alg="PS256", kid="ps", age=900)],
            [Change("PS256", "next", at=NOW + 110)],
            id="an algorithm that only a client asked for rolls too",
        ),
    ],
)
def test_K1_the_plan(keys: list[SigningKey], expected: list[Change]) -> None:
    assert plan(keys, NOW, POLICY) == expected


def test_a_longer_token_lifetime_set_later_keeps_retiring_keys_longer() -> None:
    keys = [key("active"), key("retiring", left=210, age=2000)]
    assert plan(keys, NOW, replace(POLICY, token_lifetime_max=300)) == []


def test_a_longer_cache_time_set_later_holds_the_next_key_back() -> None:
    keys = [key("active", age=5000), key("next", age=110)]
    assert plan(keys, NOW, replace(POLICY, publish_before=101)) == []


def test_K1_promotion_is_refused_before_the_cache_time_has_passed_and_says_when() -> None:
    keys = [key("active", age=50), key("next", age=109)]
    with pytest.raises(TooEarly, match="1970-01-01 02:46:41") as refused:
        promotion(keys, "ES256", NOW, POLICY)
    assert refused.value.at == NOW + 1
    swap = [Change("ES256", "retiring", "active", NOW + 211), Change("ES256", "active", "next")]
    assert promotion(keys, "next", NOW + 1, POLICY) == swap
    assert [c.to for c in promotion(keys, "next", NOW, POLICY, force=True)] == ["retiring", "active"]


def test_K2_a_retiring_key_is_promoted_again_at_once() -> None:
    keys = [key("active", age=10), key("retiring", left=10, age=2000)]
    assert [(c.kid, c.to) for c in promotion(keys, "retiring", NOW, POLICY)] == [
        ("active", "retiring"),
        ("retiring", "active"),
    ]
    again = changed(keys[1], Change("ES256", "active", "retiring"), NOW)
    assert (again.state, again.retired_at, again.expires_at) == ("active", None, None)


def test_what_cannot_be_promoted_or_withdrawn_is_refused() -> None:
    keys = [key("active"), key("gone", left=10)]
    assert promotion(keys, "active", NOW, POLICY) == []
    for name in ("gone", "ES256", "unknown"):
        with pytest.raises(NoSuchKey):
            promotion(keys, name, NOW, POLICY)
    for name in ("active", "unknown"):
        with pytest.raises(NoSuchKey):
            withdrawal(keys, name)
    assert withdrawal(keys, "gone") == [Change("ES256", "removed", "gone")]


def test_an_operator_rotation_publishes_at_once_or_hurries_the_waiting_key() -> None:
    assert preparation([key("active")], "ES256", NOW, POLICY) == [Change("ES256", "next", at=NOW + 110)]
    waiting = replace(key("next", age=10), activate_after=NOW + 5000)
    assert preparation([key("active"), waiting], "ES256", NOW, POLICY) == [Change("ES256", "next", "next", NOW + 100)]
    hurried = changed(waiting, Change("ES256", "next", "next", NOW + 100), NOW)
    assert preparation([key("active"), hurried], "ES256", NOW, POLICY) == []
    assert plan([key("active"), hurried], NOW + 99, POLICY) == []
    assert [c.to for c in plan([key("active"), hurried], NOW + 100, POLICY)] == ["retiring", "active"]


def test_K3_the_private_part_of_a_gone_key_is_destroyed() -> None:
    assert changed(key("retiring", left=300), Change("ES256", "gone", "retiring"), NOW).sealed == ""


def apply(keys: dict[str, SigningKey], changes: Iterable[Change], now: float, names: count[int]) -> None:
    """What the ring does, without a store."""
    for change in changes:
        if change.to == "removed":
            del keys[change.kid]
        elif change.kid:
            keys[change.kid] = changed(keys[change.kid], change, now)
        else:
            kid = f"k{next(names)}"
            active = now if change.to == "active" else None
            keys[kid] = SigningKey(kid, change.alg, change.to, "{}", "s", now, now, change.at or now, active)


times = st.floats(1, 5000)
policies = st.builds(
    Policy,
    algs=st.sampled_from([("ES256",), ("RS256", "ES256")]),
    rotate_after=times,
    publish_before=times,
    token_lifetime_max=times,
    slack=st.floats(0, 50),
    remember=times,
)
steps = st.lists(
    st.tuples(st.floats(0, 3000), st.sampled_from(["tick", "tick", "tick", "rotate", "promote", "back"])), max_size=60
)


@settings(max_examples=300, deadline=None)
@given(policy=policies, steps=steps)
def test_K1_over_any_course_of_time_one_key_signs_published_long_enough_and_stays_long_enough(
    policy: Policy, steps: list[tuple[float, str]]
) -> None:
    now, keys, names = NOW, dict[str, SigningKey](), count()
    apply(keys, plan([], now, policy), now, names)
    first = set(keys)
    last_signature = dict.fromkeys(keys, now)
    for wait, action in steps:
        # The active keys sign up to the very moment of the next change.
        now += wait
        last_signature |= {k.kid: now for k in keys.values() if k.state == "active"}
        before = dict(keys)
        try:
            if action == "rotate":
                apply(keys, preparation(keys.values(), "ES256", now, policy), now, names)
            elif action == "promote":
                apply(keys, promotion(keys.values(), "ES256", now, policy), now, names)
            elif action == "back":
                old = next((k.kid for k in keys.values() if k.state == "retiring"), "none")
                apply(keys, promotion(keys.values(), old, now, policy), now, names)
        except (TooEarly, NoSuchKey):
            assert keys == before
        apply(keys, plan(keys.values(), now, policy), now, names)
        for alg in policy.algs:
            states = [k.state for k in keys.values() if k.alg == alg]
            assert states.count("active") == 1
            assert states.count("next") <= 1
        for k in keys.values():
            if k.state == "active" and k.kid not in first:
                assert now >= k.published_at + policy.publish_before
                assert now >= ripe_at(k, policy)
        for kid in before:
            if before[kid].state in ("active", "next", "retiring") and (kid not in keys or keys[kid].state == "gone"):
                assert now >= last_signature[kid] + policy.token_lifetime_max


@settings(max_examples=100, deadline=None)
@given(policy=policies)
def test_K1_ticked_often_enough_a_key_is_replaced_when_it_is_due(policy: Policy) -> None:
    now, keys, names = NOW, dict[str, SigningKey](), count()
    step = min(policy.rotate_after, policy.publish_before) / 4
    while now < NOW + 3 * policy.rotate_after + 2 * policy.lead and now < NOW + 2000 * step:
        apply(keys, plan(keys.values(), now, policy), now, names)
        for k in keys.values():
            if k.state == "active":
                assert now - (k.activated_at or 0) <= max(policy.rotate_after, policy.lead) + 2 * step
        now += step
