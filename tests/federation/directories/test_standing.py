"""I3: what a directory's answers mean, and which of them prove the password. Facts of AD, shadow(5) and ppolicy."""

from __future__ import annotations

import pytest

from idp.federation.ldap import standing, wire
from idp.federation.ldap.answers import Bound, Entry

_NOW = 1_800_000_000.0
_DAY = int(_NOW // 86400)


@pytest.mark.parametrize(
    ("data", "state", "is_proven"),
    [
        ("525", standing.WRONG, False),
        ("52e", standing.WRONG, False),
        ("530", standing.HOURS, True),
        ("531", standing.PLACE, True),
        ("532", standing.EXPIRED, True),
        ("533", standing.DISABLED, True),
        ("701", standing.ENDED, True),
        ("773", standing.MUST_CHANGE, True),
        ("775", standing.LOCKED, False),
        ("568", standing.WRONG, False),
    ],
)
def test_i3_active_directorys_sub_codes(data: str, state: str, is_proven: bool) -> None:
    said = f"80090308: LdapErr: DSID-0C0903A9, comment: AcceptSecurityContext error, data {data}, v1db1"
    assert standing.of_bind(Bound(49, said)) == standing.Standing(state, is_proven)


@pytest.mark.parametrize(
    ("value", "error"),
    [
        (b"", None),
        (b"\x30\x00", None),
        (b"\x30\x03\x81\x01\x00", 0),
        (b"\x30\x03\x81\x01\x02", 2),
        (b"\x30\x05\xa0\x03\x81\x01\x02", None),  # two more sign-ins with the old one
        (b"\x30\x08\xa0\x03\x80\x01\x0a\x81\x01\x01", 1),
        (b"\xff\xff", None),
    ],
    ids=["none", "empty", "expired", "reset", "grace", "both", "rubbish"],
)
def test_i3_the_answer_of_a_password_policy(value: bytes, error: int | None) -> None:
    assert wire.policy_error(value) == error


def test_i3_another_result_than_a_wrong_password_proves_nothing() -> None:
    assert standing.of_bind(Bound(53, "data 532")) == standing.Standing(standing.WRONG, False)


@pytest.mark.parametrize(
    ("values", "state"),
    [
        ({}, standing.OK),
        ({"userAccountControl": "512"}, standing.OK),
        ({"userAccountControl": "514"}, standing.DISABLED),
        ({"nsAccountLock": "TRUE"}, standing.DISABLED),
        ({"accountExpires": "0"}, standing.OK),
        ({"accountExpires": "9223372036854775807"}, standing.OK),
        ({"accountExpires": str(int((_NOW + 11644473600 - 1) * 10_000_000))}, standing.ENDED),
        ({"accountExpires": str(int((_NOW + 11644473600 + 1) * 10_000_000))}, standing.OK),
        ({"pwdLastSet": "0"}, standing.MUST_CHANGE),
        ({"pwdLastSet": "133000000000000000"}, standing.OK),
        ({"msDS-User-Account-Control-Computed": str(0x800000)}, standing.EXPIRED),
        ({"shadowExpire": str(_DAY)}, standing.ENDED),
        ({"shadowExpire": str(_DAY + 1)}, standing.OK),
        ({"shadowExpire": "-1"}, standing.OK),
        ({"shadowLastChange": "0"}, standing.MUST_CHANGE),
        ({"shadowLastChange": str(_DAY - 91), "shadowMax": "90"}, standing.EXPIRED),
        ({"shadowLastChange": str(_DAY - 10), "shadowMax": "90"}, standing.OK),
        ({"shadowLastChange": str(_DAY - 900), "shadowMax": "99999"}, standing.OK),
        ({"shadowMax": "x"}, standing.OK),
    ],
    ids=range(19),
)
def test_i3_what_the_attributes_of_an_account_say(values: dict[str, str], state: str) -> None:
    entry = Entry("uid=x", {name.lower(): (value.encode(),) for name, value in values.items()})
    assert standing.of_entry(entry, _NOW) == state
