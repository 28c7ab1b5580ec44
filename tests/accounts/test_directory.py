"""People and groups, over SQLite and PostgreSQL."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from idp.accounts.directory import Directory
from idp.accounts.person import Draft, InvalidPerson, NoSuchPerson
from idp.db import Database
from tests.accounts.conftest import Ledger
from tests.backends import Clock
from tests.provider import write_address

ANNA = Draft(
    username="Anna.Miller",
    email="Anna@Example.com",
    employee_number="E-1001",
    name="Anna Miller",
    claims={"given_name": "Anna", "address": {"country": "France"}, "department": ["sales", 7]},
    groups=("Sales", "Everyone"),
    roles=("auditor",),
)


def test_a_person_is_added_and_found_again_as_they_are(directory: Directory, clock: Clock) -> None:
    anna = directory.add(ANNA)
    assert directory.find(anna.id) == anna == directory.get(anna.id)
    assert (anna.username, anna.email, anna.employee_number) == ("Anna.Miller", "Anna@Example.com", "E-1001")
    assert anna.claims == ANNA.claims
    assert anna.groups == ("Everyone", "Sales")
    assert anna.roles == ("auditor",)
    assert anna.enabled
    assert not anna.has_password
    assert not anna.email_verified
    assert anna.created_at == anna.changed_at == clock.now


@pytest.mark.parametrize(
    "typed",
    [
        "anna.miller",
        "ANNA.MILLER",
        " anna@example.com\n",
        "Ａｎｎａ＠example.com",
        "e-1001",
        "\u00a0E-1001",
        "anna.miller\u200b",
    ],
)
def test_L1_one_field_takes_email_username_or_number_in_any_spelling(directory: Directory, typed: str) -> None:
    anna = directory.add(ANNA)
    assert directory.find_by_login(typed) == anna


@pytest.mark.parametrize("typed", ["", " ", "anna", "anna.miller%", "\0", "anna.miller\ud800x", "a" * 100_000, "'; --"])
def test_L1_other_names_find_nobody_and_break_nothing(directory: Directory, typed: str) -> None:
    directory.add(ANNA)
    assert directory.find_by_login(typed) is None
    assert directory.find(typed) is None


@pytest.mark.parametrize("typed", ["anna@example.com", "nobody@example.com"])
def test_L7_a_look_up_is_one_statement_for_names_that_exist_and_others(
    directory: Directory, db: Database, typed: str
) -> None:
    directory.add(ANNA)
    seen: list[str] = []
    db.observer = seen.append
    directory.find_for_password(typed)
    assert len(seen) == 1


def test_hashes_do_not_travel_with_a_person(directory: Directory) -> None:
    anna = directory.add(ANNA, password_hash="$argon2id$secret")
    assert anna.has_password
    assert "argon2" not in repr(anna)
    found = directory.find_for_password("anna.miller")
    assert found is not None
    person, credentials = found
    assert person == anna
    assert credentials == directory.find_credentials(anna.id)
    assert credentials.password_hash == "$argon2id$secret"
    assert "argon2" not in repr(credentials)


def test_S43_ids_are_opaque_ascii_and_never_the_same(directory: Directory) -> None:
    ids = [directory.add(Draft(username=f"p{n}")).id for n in range(20)]
    assert len(set(ids)) == 20
    assert all(len(i) == 27 and i[0] == "u" and i.isascii() and i.isalnum() and i == i.lower() for i in ids)
    assert ids != sorted(ids)


DUPLICATES = [
    ({"username": "ANNA.miller"}, "username", "username"),
    ({"email": "anna@EXAMPLE.com"}, "email", "e-mail address"),
    ({"employee_number": "e-1001"}, "employee_number", "employee number"),
    ({"username": "e-1001"}, "username", "employee number"),
    ({"employee_number": "Anna.Miller"}, "employee_number", "username"),
    ({"username": "anna@example.com"}, "username", "e-mail address"),
]


@pytest.mark.parametrize(("same", "field", "words"), DUPLICATES)
def test_L1_nobody_signs_in_with_what_is_somebody_elses(
    directory: Directory, same: dict[str, Any], field: str, words: str
) -> None:
    directory.add(ANNA)
    with pytest.raises(InvalidPerson, match=f"already somebody's {words}") as refused:
        directory.add(Draft(**{"username": "bob", **same}))
    assert refused.value.field == field
    bob = directory.add(Draft(username="bob"))
    with pytest.raises(InvalidPerson, match="already"):
        directory.update(bob.id, **same)
    assert directory.find_by_login("bob") == bob
    assert len(directory.list()) == 2


def test_a_username_may_be_the_own_email_address(directory: Directory) -> None:
    bob = directory.add(Draft(username="bob@example.com", email="Bob@example.com"))
    assert directory.find_by_login("bob@example.com") == bob
    assert directory.list() == (bob,)


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"username": " "}, "username"),
        ({"username": "an na"}, "username"),
        ({"username": "an\u200bna"}, "username"),
        ({"username": "a\0b"}, "username"),
        ({"username": "a" * 129}, "username"),
        ({"email": "anna"}, "email"),
        ({"email": "a@b@c"}, "email"),
        ({"email": "a@.de"}, "email"),
        ({"email_verified": True}, "email_verified"),
        ({"name": "a\nb"}, "name"),
        ({"groups": ("",)}, "groups"),
        ({"roles": ("root",)}, "roles"),
        ({"claims": {"sub": "x"}}, "claims.sub"),
        ({"claims": {"email_verified": True}}, "claims.email_verified"),
        ({"claims": {"groups": ["admins"]}}, "claims.groups"),
        ({"claims": {"given_name": 3}}, "claims.given_name"),
        ({"claims": {"address": "Rue 1"}}, "claims.address"),
        ({"claims": {"phone_number_verified": "yes"}}, "claims.phone_number_verified"),
        ({"claims": {"a b": 1}}, "claims"),
        ({"claims": {"x": float("nan")}}, "claims"),
        ({"claims": {"x": object()}}, "claims"),
        ({"claims": {"x": "a" * 20_000}}, "claims"),
    ],
)
def test_what_cannot_be_stored_is_refused_by_its_field(directory: Directory, wrong: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidPerson) as refused:
        directory.add(Draft(**{"username": "anna", **wrong}))
    assert refused.value.field == field
    assert directory.list() == ()


def test_racing_additions_of_one_name_give_one_person(directory: Directory) -> None:
    start = threading.Barrier(4)

    def add(number: int) -> str:
        start.wait()
        try:
            return directory.add(Draft(username=f"p{number}", email="same@example.com")).id
        except InvalidPerson as refused:
            return refused.field

    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(add, range(4)))
    assert answers.count("email") == 3
    assert len(directory.list()) == 1


def test_an_update_changes_what_it_names_and_leaves_the_rest(
    directory: Directory, clock: Clock, ledger: Ledger
) -> None:
    anna = directory.add(ANNA)
    clock.advance(10)
    changed = directory.update(anna.id, username="anna", employee_number=None, record=ledger.record)
    assert (changed.username, changed.employee_number) == ("anna", None)
    assert (changed.email, changed.claims, changed.groups, changed.roles) == (
        anna.email,
        anna.claims,
        anna.groups,
        anna.roles,
    )
    assert changed.changed_at == clock.now
    assert directory.find_by_login("anna") == changed
    assert directory.find_by_login("anna.miller") is None
    assert directory.find_by_login("e-1001") is None
    assert ledger.events == [("person:changed", {"person_id": anna.id, "fields": ["username", "employee_number"]})]
    assert directory.update(anna.id, username="anna", record=ledger.record) == changed
    assert len(ledger.events) == 1


def test_a_new_email_address_is_unverified_unless_said(directory: Directory) -> None:
    anna = directory.add(Draft(username="anna", email="anna@example.com", email_verified=True))
    assert directory.update(anna.id, email="ANNA@example.com").email_verified
    assert not directory.update(anna.id, email="anna@example.org").email_verified
    assert directory.update(anna.id, email="anna@example.net", email_verified=True).email_verified


@pytest.mark.parametrize("old", ['"><img/src=x>@example.com', "<anna@example.com>", "mailto:anna@example.com"])
def test_an_address_of_before_the_rule_hinders_no_other_change(directory: Directory, db: Database, old: str) -> None:
    """Who corrects a name cannot know the right address; a new address follows the rule."""
    anna = write_address(db, directory.add(ANNA), old)
    directory.check_changes(anna, {"name": "Anna M"})
    assert directory.update(anna.id, name="Anna M").name == "Anna M"
    same = directory.update(anna.id, email=old, employee_number="E-7", merge={"department": "sales"})
    assert (same.email, same.employee_number, same.claims["department"]) == (old, "E-7", "sales")
    found = directory.find_by_login(old)
    assert found is not None
    assert found.id == anna.id
    for refused in (f"x{old}", "<anna@example.org>"):
        for change in (directory.update, lambda _id, **changes: directory.check_changes(same, changes)):
            with pytest.raises(InvalidPerson, match="which no address has"):
                change(anna.id, email=refused)
    assert directory.update(anna.id, email="anna@example.org").email == "anna@example.org"
    with pytest.raises(InvalidPerson, match="which no address has"):
        directory.update(anna.id, email=old)


def test_people_are_listed_by_username_a_page_at_a_time(directory: Directory) -> None:
    for name in ("cleo", "Anna", "bob", "Dora"):
        directory.add(Draft(username=name))
    first = directory.list(limit=3)
    assert [p.username for p in first] == ["Anna", "bob", "cleo"]
    assert [p.username for p in directory.list(after=first[-1].username, limit=3)] == ["Dora"]


@pytest.mark.parametrize(
    ("search", "found"),
    [
        ("MÜLLER", ["anna"]),
        ("example", ["anna", "bob"]),
        ("e-1", ["bob"]),
        ("100%", ["bob"]),
        ("_", []),
        ("%", ["bob"]),
        ("\\", []),
    ],
)
def test_people_are_searched_by_any_part_of_their_names(directory: Directory, search: str, found: list[str]) -> None:
    directory.add(Draft(username="anna", name="Anna Mu\u0308ller", email="anna@example.com"))
    directory.add(Draft(username="bob", name="Bob 100% Smith", email="bob@example.org", employee_number="E-1"))
    assert [p.username for p in directory.list(search=search)] == found


def test_S58_disabling_ends_everything_in_the_same_transaction(directory: Directory, ledger: Ledger) -> None:
    anna = directory.add(ANNA)
    assert not directory.disable(anna.id, record=ledger.record).enabled
    assert ledger.ended == [(anna.id, "account disabled")]
    assert ledger.events == [("person:disabled", {"person_id": anna.id})]
    assert directory.enable(anna.id, record=ledger.record).enabled
    assert ledger.actions == ["person:disabled", "person:enabled"]


def test_S58_a_failure_to_end_sessions_is_a_failure_to_disable(directory: Directory, ledger: Ledger) -> None:
    anna = directory.add(ANNA)

    def failing(tx: Any, person_id: str, why: str) -> None:
        raise OSError("the disk is full")

    with pytest.raises(OSError, match="disk"):
        directory.disable(anna.id, ended=failing)
    assert directory.get(anna.id).enabled


def test_an_event_that_cannot_be_written_undoes_the_change(directory: Directory) -> None:
    def failing(tx: Any, action: str, detail: Any) -> None:
        raise OSError("the disk is full")

    anna = directory.add(ANNA)
    changes: list[Callable[[], object]] = [
        lambda: directory.add(Draft(username="bob"), record=failing),
        lambda: directory.update(anna.id, name="X", record=failing),
        lambda: directory.disable(anna.id, record=failing),
        lambda: directory.set_roles(anna.id, ["admin"], record=failing),
        lambda: directory.set_groups(anna.id, ["Other"], record=failing),
        lambda: directory.add_to_group(anna.id, "Other", record=failing),
        lambda: directory.remove_from_group(anna.id, "Sales", record=failing),
    ]
    for change in changes:
        with pytest.raises(OSError, match="disk"):
            change()
    assert directory.list() == (anna,)


def test_groups_are_one_whatever_their_spelling(directory: Directory, clock: Clock, ledger: Ledger) -> None:
    anna = directory.add(ANNA)
    assert directory.add_to_group(anna.id, "SALES", record=ledger.record).groups == ("Everyone", "Sales")
    assert directory.add_to_group(anna.id, " Night shift ", record=ledger.record).groups == (
        "Everyone",
        "Night shift",
        "Sales",
    )
    assert directory.remove_from_group(anna.id, "everyone", record=ledger.record).groups == ("Night shift", "Sales")
    assert directory.remove_from_group(anna.id, "nowhere", record=ledger.record).groups == ("Night shift", "Sales")
    assert directory.set_groups(anna.id, ["Board", "sales"], record=ledger.record).groups == ("Board", "Sales")
    assert directory.get(anna.id).groups == ("Board", "Sales")
    assert [(d["added"], d["removed"]) for _, d in ledger.events] == [
        (["Night shift"], []),
        ([], ["Everyone"]),
        (["Board"], ["Night shift"]),
    ]


def test_racing_group_changes_lose_none(directory: Directory) -> None:
    anna = directory.add(Draft(username="anna"))
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda n: directory.add_to_group(anna.id, f"group {n % 8}"), range(24)))
    assert directory.get(anna.id).groups == tuple(f"group {n}" for n in range(8))


def test_roles_are_the_known_ones(directory: Directory, ledger: Ledger) -> None:
    anna = directory.add(Draft(username="anna"))
    assert directory.set_roles(anna.id, ["auditor", "admin"], record=ledger.record).roles == ("admin", "auditor")
    assert ledger.events == [("person:roles", {"person_id": anna.id, "before": (), "after": ("admin", "auditor")})]
    with pytest.raises(InvalidPerson, match="no role “root”"):
        directory.set_roles(anna.id, ["root"])


def test_there_is_an_owner_once_one_can_sign_in(directory: Directory) -> None:
    assert not directory.has_owner()
    invited = directory.add(Draft(username="olga", roles=("owner",)))
    assert directory.owners() == (invited,)
    assert not directory.has_owner()
    directory.store_password(invited.id, "$hash", detail={})
    assert directory.has_owner()


def test_the_last_owner_who_can_sign_in_stays(directory: Directory) -> None:
    olga = directory.add(Draft(username="olga", roles=("owner",)), password_hash="$hash")
    directory.add(Draft(username="invited", roles=("owner",)))
    changes: list[Callable[[], object]] = [
        lambda: directory.disable(olga.id),
        lambda: directory.set_roles(olga.id, ["admin"]),
    ]
    for change in changes:
        with pytest.raises(InvalidPerson, match="last owner"):
            change()
    directory.add(Draft(username="oscar", roles=("owner",)), password_hash="$hash")
    assert directory.set_roles(olga.id, ["admin"]).roles == ("admin",)


def test_changing_nobody_says_so(directory: Directory) -> None:
    changes: list[Callable[[], object]] = [
        lambda: directory.get("u1"),
        lambda: directory.update("u1", name="X"),
        lambda: directory.disable("u1"),
        lambda: directory.enable("u\0"),
        lambda: directory.set_roles("u1", []),
        lambda: directory.set_groups("u1", ["g"]),
        lambda: directory.store_password("u1", "$hash", detail={}),
    ]
    for change in changes:
        with pytest.raises(NoSuchPerson):
            change()


def test_P1_a_new_cost_never_overwrites_a_new_password(directory: Directory) -> None:
    anna = directory.add(ANNA, password_hash="$old")
    credentials = directory.find_credentials(anna.id)
    assert credentials is not None
    assert directory.rehash(credentials, "$old under a new cost")
    assert not directory.rehash(credentials, "$late")
    found = directory.find_credentials(anna.id)
    assert found is not None
    assert found.password_hash == "$old under a new cost"


IDN = [
    ("ann@bücher.example", "ann@xn--bcher-kva.example"), ("li@例え.example", "li@xn--r8jz45g.example"),
    ("Jo@Sub.ΠΑΡΆΔΕΙΓΜΑ.example", "jo@sub.xn--hxajbheg2az3al.example"),
]  # fmt: skip


@pytest.mark.spec("RFC5890 2.3.2.1")
@pytest.mark.parametrize("pair", IDN, ids=[a for _, a in IDN])
@pytest.mark.parametrize("stored", [0, 1])
def test_an_address_is_found_in_either_form_of_its_domain_and_is_one_address(
    directory: Directory, pair: tuple[str, str], stored: int
) -> None:
    """A browser turns what is typed into a field for addresses into xn--…; an admin types what people read."""
    person = directory.add(Draft(username="idn", email=pair[stored]))
    for typed in (*pair, pair[0].upper(), f" {pair[1]} "):
        found = directory.find_by_login(typed)
        assert found is not None
        assert found.id == person.id
    with pytest.raises(InvalidPerson, match=r"\w"):
        directory.add(Draft(username="second", email=pair[1 - stored]))
    assert directory.find_by_login("idn@" + pair[1 - stored].partition("@")[2]) is None


@pytest.mark.parametrize(
    "typed",
    ["ann@xn--", "ann@xn--a-.example", "@xn--bcher-kva", "xn--bcher-kva", "a@\u00ad.example",
     "a@" + "ü" * 80 + ".example", "ann@xn--bcher-kva..example"],
)  # fmt: skip
def test_a_domain_that_has_no_other_form_is_no_error(directory: Directory, typed: str) -> None:
    assert directory.find_by_login(typed) is None
