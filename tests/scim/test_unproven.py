"""Q1, Q4: a directory that does not prove itself reads an id, and under it stands what to paste where."""

from __future__ import annotations

from base64 import b64encode

import pytest

from idp.accounts.provisioning import clients
from tests.provider import Provider
from tests.scim.conftest import Scim


@pytest.mark.parametrize(
    ("sent", "got", "words"),
    [
        ("", "(nothing)", "Paste the token"),
        ("Basic " + b64encode(b"a:b").decode(), "Basic, not Bearer", "Authorization: Bearer"),
        ("Bearer dws_x.y", "unknown or over", "renewed or its client ended"),
        ("Bearer ", "(Bearer without a token)", "Authorization: Bearer"),
        ("s3cr3t-hunter2", "(a value without a scheme)", "Authorization: Bearer"),
        ("Bearer eyJhbGciOi.eyJpc3Mi.c2ln", "a JWT", "At Entra the field"),
        ("Bearer anything", "no token of a provisioning client", "doorward scim renew"),
    ],
)
def test_Q1_Q4_what_a_directory_shows_in_place_of_its_token_is_named(
    provider: Provider, scim: Scim, sent: str, got: str, words: str
) -> None:
    headers = {"Authorization": sent} if sent else {}
    answer = scim.browser.open("GET", "scim/v2/Users", None, headers)
    assert answer.status == 401
    event = next(one for one in reversed(provider.events()) if one.error_id)
    assert event.error_id
    assert event.error_id in answer.text
    assert (event.detail["side"], event.detail["field"]) == ("application", "Authorization")
    assert got in event.detail["got"]
    assert words in event.detail["fix"]
    assert scim.client.name not in answer.text  # Q4: what is registered is for admins
    assert "anything" not in str(event.detail)
    assert "s3cr3t" not in str(event.detail)


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
