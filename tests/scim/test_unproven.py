"""Q1, Q4: a directory that does not prove itself reads an id, and under it stands what to paste where."""

from __future__ import annotations

from base64 import b64encode

import pytest

from tests.provider import Provider
from tests.scim.conftest import Scim


@pytest.mark.parametrize(
    ("sent", "got", "words"),
    [
        ("", "(nothing)", "Paste the token"),
        ("Basic " + b64encode(b"a:b").decode(), "Basic, not Bearer", "Authorization: Bearer"),
        ("Bearer dws_x.y", "unknown or over", "renewed or its client ended"),
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
