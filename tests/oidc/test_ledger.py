"""What one refresh token means to its family, as a table; and tokens without a session, or bound to a key. S9, S23."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import jwt
import pytest

from idp.accounts.person import Person
from idp.ids import digest
from idp.oidc import tokens
from idp.oidc.ledger import Holder, Issued, Terms
from idp.oidc.ledger.chain import MAX_CHAIN, Chain, MadeUp, Repeat, Reused, decide, is_current
from tests.provider import Provider

CHAIN = Chain(b"k" * 32, "family")
GRACE = 30.0


@dataclass
class Row:
    """A family's row, as far as the decision reads it."""

    refresh_hash: str
    previous_hash: str | None
    used_at: float
    generation: int


def secrets_of(generations: int) -> list[str]:
    """The first refresh token's secret, and those that follow from it."""
    found = ["the first"]
    for _ in range(generations):
        found.append(CHAIN.successor(found[-1]))
    return found


def family(generation: int, used_at: float = 1000.0) -> tuple[Row, list[str]]:
    known = secrets_of(generation)
    previous = digest(known[-2]) if generation else None
    return Row(digest(known[-1]), previous, used_at, generation), known


@pytest.mark.parametrize("generation", [0, 1, 7])
def test_only_the_latest_refresh_token_is_current(generation: int) -> None:
    row, known = family(generation)
    assert [secret for secret in known if is_current(row, secret)] == known[-1:]


@pytest.mark.spec("RFC9700 4.14.2")
@pytest.mark.parametrize(
    ("steps_back", "seconds_later", "expected"),
    [
        (1, 0.0, Repeat()), (1, GRACE, Repeat()), (1, GRACE + 0.001, Reused()), (2, 0.0, Reused()),
        (5, GRACE, Reused()), (5, 9e9, Reused()),
    ],
)  # fmt: skip
def test_S9_an_old_refresh_token_repeats_within_the_grace_and_ends_the_family_past_it(
    steps_back: int, seconds_later: float, expected: Any
) -> None:
    row, known = family(5)
    assert decide(row, known[-1 - steps_back], CHAIN, row.used_at + seconds_later, GRACE) == expected


@pytest.mark.parametrize("generation", [0, 3])
def test_S9_a_made_up_refresh_token_ends_nothing(generation: int) -> None:
    row, _ = family(generation)
    assert decide(row, "made up", CHAIN, row.used_at, GRACE) == MadeUp()


def test_S9_a_token_of_another_family_is_made_up_in_this_one() -> None:
    row, known = family(2)
    assert decide(row, known[0], Chain(CHAIN.key, "other"), row.used_at + 99, GRACE) == MadeUp()
    assert decide(row, known[0], Chain(b"K" * 32, "family"), row.used_at + 99, GRACE) == MadeUp()


def test_a_chain_is_followed_so_far_and_no_further() -> None:
    row, known = family(2)
    assert CHAIN.leads_to(known[0], row.refresh_hash, 2)
    assert not CHAIN.leads_to(known[0], row.refresh_hash, 1)
    assert not CHAIN.leads_to("made up", row.refresh_hash, 10 * MAX_CHAIN)


def test_S23_one_use_of_one_refresh_token_gives_one_access_token_however_often_it_is_answered() -> None:
    first, again = (CHAIN.access_token("secret", 1000.0, 300) for _ in range(2))
    assert first == again
    assert CHAIN.access_token("another", 1000.0, 300).value != first.value


def test_an_access_token_ends_with_its_grant_and_never_before_a_second_has_passed() -> None:
    access = CHAIN.access_token("secret", 1000.0, 300)
    assert [access.until(end).expires_in for end in (2000.0, 1100.5, 1000.0, 10.0)] == [300, 100, 1, 1]
    answer = access.answer(Terms("openid", []), 1100.0, refresh_token=None, holder=None)
    assert (answer.lifetime, answer.expires_in, answer.issued_at) == (300, 200, 1000.0)


# -- the holder of a token ---------------------------------------------------------------------------------------------


@pytest.fixture
def holder(provider: Provider, ann: Person) -> Holder:
    """Ann, as she stands in a row of the ledger."""

    class AnnsRow:
        person_claims, groups, roles = "{}", "[]", "[]"
        name, username, email, email_verified, employee_number, changed_at = "Ann", "ann", "", 0, None, 0.0

    return Holder("family", ann.id, "session", 1000.0, ("pwd",), {}, AnnsRow())


def issued(provider: Provider, holder: Holder, cnf: dict[str, str] | None = None) -> dict[str, Any]:
    """The claims of both JWTs that such a holder gets; `cnf`: what the access token is bound to."""
    app = provider.add_client("JWT", access_token_format="jwt")
    answer = Issued("", "jti", 300, 300, Terms("openid", [], cnf or {}), None, holder, 2000.0)
    body = tokens.response(provider.services, app.client, answer)
    return {
        name: jwt.decode(body[name], options={"verify_signature": False}) for name in ("access_token", "id_token")
    }  # fmt: skip


def test_a_token_of_a_person_without_a_session_names_none(provider: Provider, holder: Holder) -> None:
    assert issued(provider, holder)["id_token"]["sid"] == "session"
    assert "sid" not in issued(provider, replace(holder, session_id=None))["id_token"]


@pytest.mark.spec("RFC7800 3.1")
def test_a_token_that_is_bound_to_a_key_says_so_and_one_that_is_not_says_nothing(
    provider: Provider, holder: Holder
) -> None:
    bound = issued(provider, holder, {"jkt": "thumbprint"})
    assert bound["access_token"]["cnf"] == {"jkt": "thumbprint"}
    assert "cnf" not in bound["id_token"]
    assert "cnf" not in issued(provider, holder)["access_token"]
