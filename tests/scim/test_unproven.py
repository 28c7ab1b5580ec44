"""Q1, Q4: a directory that does not prove itself reads an id, and under it stands what to paste where."""

from __future__ import annotations

from base64 import b64encode

import pytest

from idp.accounts.provisioning import clients
from tests.provider import Provider
from tests.scim.conftest import Scim

WRONG = [
    ("", "scim_token_missing", "(nothing)", "Paste the token"),
    ("Basic " + b64encode(b"a:b").decode(), "scim_scheme", "Basic", "Authorization: Bearer"),
    ("Bearer dws_x.y", "scim_token", "unknown or over", "renewed or its client ended"),
    ("Bearer ", "scim_token_missing", "(Bearer without a token)", "Authorization: Bearer"),
    ("s3cr3t-hunter2", "scim_scheme", "(a value without a scheme)", "Authorization: Bearer"),
    ("Bearer eyJhbGciOi.eyJpc3Mi.c2ln", "scim_token_jwt", "a JWT", "At Entra the field"),
    ("Bearer anything", "scim_token_other", "no token of a provisioning client", "doorward scim renew"),
]


@pytest.mark.parametrize(("sent", "kind", "got", "words"), WRONG)
def test_Q1_Q4_what_a_directory_shows_in_place_of_its_token_is_named(
    provider: Provider, scim: Scim, sent: str, kind: str, got: str, words: str
) -> None:
    answer = scim.browser.open("GET", "scim/v2/Users", None, {"Authorization": sent} if sent else {})
    assert answer.status == 401
    event = next(one for one in reversed(provider.events()) if one.error_id)
    assert event.error_id
    assert event.error_id in answer.text
    assert (event.detail["side"], event.detail["field"], event.detail["kind"]) == ("application", "Authorization", kind)
    assert got in event.detail["got"]
    assert words in event.detail["fix"]
    assert scim.client.name not in answer.text  # Q4: what is registered is for admins
    assert "anything" not in str(event.detail)
    assert "s3cr3t" not in str(event.detail)


def test_Q1_whoever_makes_one_mistake_does_not_read_what_was_wrong_with_another(provider: Provider, scim: Scim) -> None:
    found: dict[str, set[str]] = {}
    for sent, kind, *_ in WRONG:
        answer = scim.browser.open("GET", "scim/v2/Users", None, {"Authorization": sent} if sent else {})
        found.setdefault(str(answer.json["detail"]).rpartition("error ")[2], set()).add(kind)
    assert all(len(kinds) == 1 for kinds in found.values())
    kept = {one.error_id: one.detail["got"] for one in provider.events() if one.error_id}
    assert len(set(kept.values())) >= 6


def test_Y1_a_token_that_two_places_share_is_not_ended_by_another_renewal(provider: Provider, scim: Scim) -> None:
    db, now = provider.services.db, provider.services.clock()
    one, old = clients.get(db, scim.client.id), scim.token
    assert one is not None

    def comes(token: str, at: float) -> bool:
        client = clients.find(db, token, at)
        if client is not None:
            clients.touch(db, client, at)
        return client is not None

    made = clients.renew(db, one, now, at_once=False, record=_nothing)
    assert made is not None
    new = made.value
    assert comes(old, now + 100)  # the one place
    assert comes(new, now + 200)  # the other one, a moment after it
    with pytest.raises(clients.StillInUse):
        clients.renew(db, one, now + 300, at_once=False, record=_nothing)
    assert comes(old, now + 3600)


def _nothing(*_: object) -> None:
    """Records nothing."""
