"""I3, I11: what a directory may say, and what is refused before it is kept."""

from __future__ import annotations

from typing import Any

import pytest

from idp.federation import checking, templates
from idp.federation.checking import InvalidProvider

GIVEN = {
    "name": "Company", "kind": "ldap", "servers": ["ldaps://dc1.example.com"], "bind_dn": "cn=d,dc=example",
    "base_dn": "dc=example", "subject": ["objectGUID"], "all_names": True,
}  # fmt: skip


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ({"servers": []}, "servers"),
        ({"servers": ["https://dc1.example.com"]}, "servers"),
        ({"servers": ["ldaps://dc1.example.com/dc=example"]}, "servers"),
        ({"servers": ["ldap://dc1.example.com"], "plain": True}, "plain"),
        ({"base_dn": ""}, "base_dn"),
        ({"subject": ["mail"]}, "subject"),
        ({"subject": ["uid", "entryUUID"]}, "subject"),
        ({"names": []}, "names"),
        ({"names": ["uid)(x=*"]}, "names"),
        ({"attributes": {"given_name": "given name"}}, "attributes"),
        ({"all_names": False}, "domains"),
        ({"people": "objectClass=person"}, "people"),
        ({"kerberos_networks": ["10.1.0.0/16"]}, "kerberos_realms"),
        ({"kerberos_networks": ["10.1.2.3/16"], "kerberos_realms": ["CORP.EXAMPLE"]}, "kerberos_networks"),
        ({"kerberos_realms": ["CORP EXAMPLE"]}, "kerberos_realms"),
        ({"kerberos_realms": ["CORP.EXAMPLE", "IPA.EXAMPLE"], "kerberos_name": "uid"}, "kerberos_name"),
        ({"kerberos_name": "uid)(x=*"}, "kerberos_name"),
        ({"kerberos_proof": "third"}, "kerberos_proof"),
        ({"people": "(uid=x)(uid=y)"}, "people"),
        ({"people": "(uid=x))"}, "people"),
        ({"people": "(uid)"}, "people"),
        ({"people": "(&(uid=x)(y))"}, "people"),
        ({"groups_claim": "groups"}, "group_filter"),
        ({"group_filter": "(cn=*)"}, "groups_claim"),
        ({"nested": "deep"}, "nested"),
        ({"ca": "rubbish"}, "ca"),
        ({"issuer": "https://login.example.com"}, "issuer"),
        ({"button": False}, "button"),
        ({"at_once": True}, "at_once"),
        ({"proof": {"mfa": "second"}}, "proof"),
    ],
    ids=range(30),
)
def test_i11_what_makes_no_sense_is_named_with_its_field(said: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidProvider) as caught:
        checking.checked({**GIVEN, **said})
    assert field in {one.field for one in caught.value.problems}


def test_i3_without_tls_only_on_this_very_machine() -> None:
    for server in ("ldap://localhost:1389", "ldap://127.0.0.1", "ldap://[::1]:389"):
        assert checking.checked({**GIVEN, "servers": [server], "plain": True}).plain


@pytest.mark.spec("RFC4513 5.1.2")
def test_i3_a_bind_dn_without_a_password_is_not_kept() -> None:
    with pytest.raises(InvalidProvider) as caught:
        checking.check_secret("https://login.example", checking.checked(GIVEN), "")
    assert caught.value.problems[0].field == "secret"


@pytest.mark.parametrize("key", ["active-directory", "openldap", "freeipa"])
def test_i12_a_directorys_template_with_its_blanks_can_be_kept(key: str) -> None:
    blanks = {"host": "dc1.example.com", "base": "dc=example,dc=com", "bind": "cn=doorward,dc=example,dc=com"}
    one = checking.checked(templates.filled(key, blanks, {}))
    assert (one.kind, one.servers, one.bind_dn) == ("ldap", ("ldaps://dc1.example.com",), blanks["bind"])
    assert one.base_dn.endswith("dc=example,dc=com")


def test_i1_fields_of_a_directory_are_refused_for_other_kinds() -> None:
    given = {"name": "Company", "issuer": "https://login.example.com", "client_id": "x", "base_dn": "dc=example"}
    with pytest.raises(InvalidProvider) as caught:
        checking.checked(given)
    assert [one.field for one in caught.value.problems] == ["base_dn"]


@pytest.mark.parametrize(
    ("name", "sid", "said"),
    [("WS01$", b"S-1", "it is a computer"), ("bea", b"", "it has no SID")],
    ids=["a computer", "no SID"],
)
def test_i4_a_ticket_that_is_of_no_account_of_a_person_is_refused_before_anything_is_asked(
    name: str, sid: bytes, said: str
) -> None:
    from types import SimpleNamespace
    from typing import cast

    from idp.errors import Refused
    from idp.federation.kerberos import proving
    from idp.federation.kerberos.accepting import Accepted

    provider = cast("Any", SimpleNamespace(subject=("objectGUID",)))
    with pytest.raises(Refused) as caught:
        proving._entry(cast("Any", None), provider, Accepted(name, "R", 0.0, sid=sid))
    assert said in caught.value.explanation.got
