"""Y1: what a client may, lists and filters, versions, errors, and what stands on the record. X16, X30, C2, S59."""

from __future__ import annotations

from typing import Any

import pytest

from idp.accounts import groups, roles
from idp.accounts.provisioning import clients
from idp.accounts.roles import RoleGrant
from idp.admin import provisioners
from idp.scim import finding, users
from tests.provider import Provider
from tests.scim.conftest import ENTERPRISE, SHELL, USER, Connect, Scim, refused

GROUP = "urn:ietf:params:scim:schemas:core:2.0:Group"
PATCH = "urn:ietf:params:scim:api:messages:2.0:PatchOp"


def person(scim: Scim, called: str, **more: Any) -> Any:
    """Somebody of this name."""
    return scim.make("Users", schemas=[USER], userName=called, **more)


# -- who may ---------------------------------------------------------------------------------------------------------


def test_S59_nobody_calls_without_a_token_of_a_client(provider: Provider, scim: Scim) -> None:
    for token in ("", "dws_x.y", scim.token[:-1], "eyJhbGciOi.eyJpc3Mi.c2ln"):
        for method, path in (("GET", "Users"), ("POST", "Groups"), ("GET", "Schemas"), ("PATCH", "Users/u")):
            answer = Scim(scim.browser, token, scim.client).call(method, path, {} if method != "GET" else None)
            refused(answer, 401)
            assert answer.headers["WWW-Authenticate"].startswith("Bearer realm=")
    services = provider.services
    renewed = provisioners.renew(services, SHELL, scim.client, at_once=False)
    assert scim.get("Users")["totalResults"] == 0  # the one before works for a week
    assert Scim(scim.browser, renewed.value, scim.client).get("Users")["totalResults"] == 0
    provisioners.renew(services, SHELL, scim.client, at_once=True)
    refused(scim.call("GET", "Users"), 401)
    refused(Scim(scim.browser, renewed.value, scim.client).call("GET", "Users"), 401)


def test_S59_a_token_of_scim_opens_nothing_else(scim: Scim) -> None:
    answer = scim.browser.open("GET", "api/v1/people", None, {"Authorization": f"Bearer {scim.token}"})
    assert answer.status == 401


def test_C2_a_client_does_what_it_was_made_for(connect: Connect) -> None:
    writer = connect("writer")
    ann = person(writer, "ann")
    reader = connect("reader", users="read", groups="no")
    assert reader.get(f"Users/{ann['id']}")["userName"] == "ann"
    refused(reader.call("POST", "Users", {"schemas": [USER], "userName": "ben"}), 403)
    refused(reader.patch(f"Users/{ann['id']}", {"op": "replace", "path": "title", "value": "x"}), 403)
    refused(reader.call("DELETE", f"Users/{ann['id']}"), 403)
    refused(reader.call("GET", "Groups"), 403)
    found = reader.call("POST", ".search", {"filter": 'userName eq "ann"'}).json
    assert found["totalResults"] == 1


def test_C2_a_client_never_acts_on_somebody_with_a_role(provider: Provider, connect: Connect) -> None:
    scim = connect(adopts=True)
    boss = provider.add_person("boss")
    services = provider.services
    roles.change(
        services.db, boss.id, give=(RoleGrant("help_desk", ("x",)),), by="test", now=services.clock(),
        record=lambda *_: None,
    )  # fmt: skip
    group = scim.make("Groups", schemas=[GROUP], displayName="G")
    refused(scim.patch(f"Users/{boss.id}", {"op": "replace", "path": "active", "value": False}), 403)
    refused(scim.call("PUT", f"Users/{boss.id}", {"schemas": [USER], "userName": "mine"}), 403)
    refused(scim.call("DELETE", f"Users/{boss.id}"), 403)
    add = {"op": "add", "path": "members", "value": [{"value": boss.id}]}
    refused(scim.patch(f"Groups/{group['id']}", add), 403)
    assert services.directory.get(boss.id).enabled
    assert services.directory.get(boss.id).groups == ()


def test_C2_others_are_left_alone_unless_it_may_adopt_them(provider: Provider, connect: Connect) -> None:
    ann = provider.add_person("ann", groups=("Ours",))
    services = provider.services
    ours = groups.find(services.db, "Ours")
    assert ours is not None
    careful, adopts = connect("careful"), connect("adopts", adopts=True)
    change = {"op": "replace", "path": "title", "value": "x"}
    refused(careful.patch(f"Users/{ann.id}", change), 403)
    refused(careful.patch(f"Groups/{ours.id}", {"op": "remove", "path": "members"}), 403)
    assert adopts.patch(f"Users/{ann.id}", change).json["title"] == "x"
    ben = person(adopts, "ben")
    add = {"op": "add", "path": "members", "value": [{"value": ben["id"]}]}
    assert adopts.patch(f"Groups/{ours.id}", add).status == 204
    full = {"op": "replace", "path": "members", "value": []}
    assert adopts.patch(f"Groups/{ours.id}", full).status == 204
    answer = adopts.patch(f"Groups/{ours.id}", {"op": "add", "path": "externalId", "value": "x1"})
    assert (answer.status, answer.json["displayName"], "externalId" in answer.json) == (200, "Ours", False)
    assert services.directory.get(ann.id).groups == ("Ours",)  # whom an admin put in stays
    assert services.directory.get(ben["id"]).groups == ()
    refused(adopts.call("DELETE", f"Groups/{ours.id}"), 403)
    refused(adopts.patch(f"Groups/{ours.id}", {"op": "replace", "path": "displayName", "value": "X"}), 403)


def test_Y1_a_client_writes_the_attributes_that_it_was_made_for(provider: Provider, connect: Connect) -> None:
    scim = connect(attributes=("active", "displayName", "enterprise.department"))
    made = person(scim, "ann", displayName="Ann", title="Boss", emails=[{"value": "ann@example.com"}], externalId="7",
                  **{ENTERPRISE: {"department": "A", "employeeNumber": "1"}})  # fmt: skip
    assert (made["displayName"], made[ENTERPRISE], made["externalId"]) == ("Ann", {"department": "A"}, "7")
    assert "title" not in made
    assert "emails" not in made
    scim.patch(f"Users/{made['id']}", {"op": "replace", "value": {"title": "Boss", "active": False}})
    stored = provider.services.directory.get(made["id"])
    assert (stored.email, stored.enabled, "title" in stored.claims) == (None, False, False)


def test_I7_what_a_client_provided_is_ours_when_it_ends(provider: Provider, scim: Scim) -> None:
    ann = person(scim, "ann")
    scim.make("Groups", schemas=[GROUP], displayName="Theirs", members=[{"value": ann["id"]}])
    services = provider.services
    provisioners.remove(services, SHELL, scim.client)
    refused(scim.call("GET", "Users"), 401)
    found = groups.find(services.db, "Theirs")
    assert found is not None
    assert (found.source, found.members) == ("", 1)
    assert services.directory.remove_from_group(ann["id"], "Theirs").groups == ()


@pytest.mark.parametrize(
    ("wanted", "field"),
    [
        ({"name": ""}, "name"),
        ({"users": "no", "groups": "no"}, "users"),
        ({"users": "all"}, "users"),
        ({"attributes": ("nothing",)}, "attributes"),
    ],
    ids=["name", "nothing", "may", "attribute"],
)
def test_Y1_a_client_that_cannot_be_is_not_made(connect: Connect, wanted: dict[str, Any], field: str) -> None:
    with pytest.raises(clients.InvalidProvisioner) as caught:
        connect(wanted.pop("name", "x"), **wanted)
    assert caught.value.field == field


# -- lists -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("test", "names"),
    [
        ('userName eq "P1"', "p1"),
        ('userName sw "p" and title pr', "p2"),
        ('not (userName co "1") and title eq null', "p0"),
        ('title eq "boss" or userName ew "0"', "p0 p2"),
        ('emails[type eq "work" and value co "@EXAMPLE"]', "p1"),
        ('emails.value eq "p1@example.com"', "p1"),
        (f'{USER}:userName gt "p1"', "p2"),
        (f'{ENTERPRISE}:employeeNumber eq "77"', "p2"),
        ('externalId eq "E0"', ""),
        ('externalId eq "e0"', "p0"),
        ('id eq "nobody"', ""),
        ('meta.lastModified gt "2000-01-01T00:00:00Z"', "p0 p1 p2"),
        ("active eq true", "p0 p1 p2"),
    ],
    ids=[str(n) for n in range(13)],
)
def test_Y1_filters_find_who_fits(scim: Scim, test: str, names: str) -> None:
    person(scim, "p0", externalId="e0")
    person(scim, "p1", emails=[{"type": "work", "value": "p1@example.com"}])
    person(scim, "p2", title="Boss", **{ENTERPRISE: {"employeeNumber": "77"}})
    found = scim.call("POST", "Users/.search", {"filter": test, "sortBy": "userName"}).json
    assert " ".join(one["userName"] for one in found["Resources"]) == names
    assert found["totalResults"] == len(names.split())


def test_X30_filters_that_are_too_deep_too_long_or_nothing_are_refused(scim: Scim) -> None:
    deep = "(" * 3000 + "userName pr" + ")" * 900
    many = " or ".join(['title eq "x"'] * 1000)
    for test in (deep, many, 'nothing eq "x"', "userName", 'userName xx "1"', '"', "active gt true", "(userName pr"):
        refused(scim.call("POST", "Users/.search", {"filter": test}), 400, "invalidFilter")
    for test in ('title eq "(((((((((((((((((((((((((("', "((((userName pr))))"):
        assert scim.call("POST", "Users/.search", {"filter": test}).status == 200


def test_Y1_groups_are_found_by_who_is_in_them(scim: Scim) -> None:
    ann, ben = (person(scim, name)["id"] for name in ("ann", "ben"))
    for name, inside in (("A", [ann]), ("B", [ann, ben]), ("C", [])):
        scim.make("Groups", schemas=[GROUP], displayName=name, members=[{"value": one} for one in inside])
    for test, names in (
        (f'members eq "{ann}"', "A B"),
        (f'members.value eq "{ann}" and members[value eq "{ben}"]', "B"),
        (f'displayName eq "a" and not (members eq "{ben}")', "A"),
        (f'members[value eq "{ann}" and type eq "User"]', "A B"),
        ("members pr", "A B"),
        ('members eq "nobody"', ""),
    ):
        found = scim.call("POST", "Groups/.search", {"filter": test}).json["Resources"]
        assert " ".join(one["displayName"] for one in found) == names, test
        assert all("members" in one for one in found)


def test_X30_what_no_index_answers_is_too_many_for_a_large_company(scim: Scim, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(4):
        person(scim, f"p{number}", externalId=f"e{number}")
    monkeypatch.setattr(finding, "SCAN", 3)
    refused(scim.call("POST", "Users/.search", {"filter": 'title eq "x"'}), 400, "tooMany")
    refused(scim.call("GET", "Users?sortBy=title"), 400, "tooMany")
    assert scim.get('Users?filter=externalId%20eq%20"e3"%20and%20active%20eq%20true')["totalResults"] == 1
    assert scim.get('Users?filter=externalId%20eq%20"e3"%20or%20userName%20eq%20"p0"')["totalResults"] == 2
    assert scim.get("Users?sortBy=userName&count=2")["itemsPerPage"] == 2


def test_Y1_pages_by_index_and_by_cursor_have_everybody_once(scim: Scim) -> None:
    names = {person(scim, f"p{number}")["userName"] for number in range(7)}
    found: list[str] = []
    for start in (1, 4, 7):
        page = scim.get(f"Users?startIndex={start}&count=3")
        assert page["totalResults"] == 7
        found += [one["userName"] for one in page["Resources"]]
    assert found == sorted(names)
    found, cursor = [], ""
    while True:
        page = scim.get(f"Users?cursor={cursor}&count=3")
        found += [one["userName"] for one in page["Resources"]]
        if "nextCursor" not in page:
            break
        cursor = page["nextCursor"]
    assert found == sorted(names)
    assert scim.get("Users?count=0")["Resources"] == []
    assert scim.get("Users?count=-5&startIndex=-1")["itemsPerPage"] == 0
    assert scim.get("Users?count=100000")["itemsPerPage"] == 7
    for wrong in ("x", "W10", "WyInIE9SIDEiLDFd", "WzFlOTksMV0"):  # X16
        refused(scim.call("GET", f"Users?cursor={wrong}"), 400, "invalidCursor")
    refused(scim.call("GET", "Users?count=many"), 400, "invalidValue")


def test_Y1_answers_have_the_attributes_that_were_asked_for(scim: Scim) -> None:
    ann = person(scim, "ann", name={"givenName": "Ann", "familyName": "A"}, title="x")
    path = f"Users/{ann['id']}"
    assert scim.get(f"{path}?attributes=userName,name.givenName") == {
        "schemas": [USER], "id": ann["id"], "userName": "ann", "name": {"givenName": "Ann"},
    }  # fmt: skip
    shown = scim.get(f"{path}?excludedAttributes=name.familyName,TITLE,id,meta")
    assert shown["name"] == {"givenName": "Ann"}
    assert "title" not in shown
    assert shown["id"] == ann["id"]


# -- versions, errors, the record --------------------------------------------------------------------------------------


def test_Y1_who_knows_an_older_version_changes_nothing(provider: Provider, scim: Scim) -> None:
    ann = person(scim, "ann")
    path, group = f"Users/{ann['id']}", scim.make("Groups", schemas=[GROUP], displayName="G")
    change = {"schemas": [], "Operations": [{"op": "replace", "path": "title", "value": "x"}]}
    tag = scim.call("GET", path).headers["ETag"]
    assert scim.browser.open(
        "GET", f"scim/v2/{path}", None, {"Authorization": f"Bearer {scim.token}", "If-None-Match": tag}
    ).status == 304  # fmt: skip
    assert scim.call("PATCH", path, change, {"If-Match": tag}).status == 200
    refused(scim.call("PATCH", path, change, {"If-Match": tag}), 412)
    refused(scim.call("DELETE", path, None, {"If-Match": tag}), 412)
    at = f"Groups/{group['id']}"
    tag = scim.call("GET", at).headers["ETag"]
    provider.services.clock.advance(1)  # type: ignore[attr-defined]
    scim.patch(at, {"op": "add", "path": "members", "value": [{"value": ann["id"]}]})
    refused(scim.call("DELETE", at, None, {"If-Match": tag}), 412)
    assert scim.call("DELETE", at, None, {"If-Match": "*"}).status == 204


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "kind"),
    [
        ("POST", "Users", b"{", 400, "invalidSyntax"),
        ("POST", "Users", {"schemas": [USER]}, 400, "invalidValue"),
        ("POST", "Users", {"schemas": [USER], "userName": "a b\u202e"}, 400, "invalidValue"),
        ("POST", "Users", {"schemas": [USER], "userName": "x", "title": "a\x00b"}, 400, "invalidValue"),
        ("POST", "Users", {"schemas": [USER], "userName": "x", "locale": "y" * 40_000}, 413, None),
        ("POST", "Groups", {"schemas": [GROUP]}, 400, "invalidValue"),
        ("POST", "Groups", {"schemas": [GROUP], "displayName": "G", "members": [{"value": "u1"}]}, 400, "invalidValue"),
        ("PATCH", "Users/{ann}", {"Operations": []}, 400, "invalidSyntax"),
        ("PATCH", "Users/{ann}", {"Operations": [{"op": "jump", "path": "title"}]}, 400, "invalidValue"),
        ("PATCH", "Users/{ann}", {"Operations": [{"op": "remove"}]}, 400, "noTarget"),
        ("PATCH", "Users/{ann}", {"Operations": [{"op": "replace", "path": "id", "value": "x"}]}, 400, "mutability"),
        ("PATCH", "Users/{ann}", {"Operations": [{"op": "add", "path": "emails[", "value": 1}]}, 400, "invalidPath"),
        ("GET", "Nothing", None, 404, None),
        ("GET", "Users/u", None, 404, None),
        ("GET", "Me", None, 501, None),
        ("POST", "Bulk", {}, 400, "invalidSyntax"),
        ("GET", "Bulk", None, 405, None),
        ("POST", "Schemas", {}, 405, None),
    ],
    ids=[str(n) for n in range(18)],
)  # fmt: skip
def test_Y1_errors_are_told_as_the_standard_has_them(
    scim: Scim, method: str, path: str, body: Any, status: int, kind: str | None
) -> None:
    ann = person(scim, "ann")
    refused(scim.call(method, path.format(ann=ann["id"]), body), status, kind)
    assert scim.get(f"Users/{ann['id']}")["userName"] == "ann"


def test_X30_a_body_that_nests_too_deep_is_refused(scim: Scim) -> None:
    refused(scim.call("POST", "Users", b"[" * 50_000), 400, "invalidSyntax")
    refused(scim.call("POST", "Users", b'{"a":' * 30 + b"1" + b"}" * 30), 400, "invalidSyntax")


def test_Y1_every_change_is_on_the_record_with_who_made_it(provider: Provider, scim: Scim) -> None:
    ann = person(scim, "ann", emails=[{"value": "ann@example.com"}])
    group = scim.make("Groups", schemas=[GROUP], displayName="G", members=[{"value": ann["id"]}])
    scim.patch(f"Users/{ann['id']}", {"op": "replace", "path": "displayName", "value": "Ann"})
    scim.patch(f"Users/{ann['id']}", {"op": "replace", "value": {"active": False}})
    scim.call("DELETE", f"Groups/{group['id']}")
    scim.call("DELETE", f"Users/{ann['id']}")
    mine = [event.action for event in provider.events() if event.actor == scim.client.source]
    wanted = ["person:added", "group:added", "group:members", "person:changed", "person:disabled", "group:removed",
              "person:removed"]  # fmt: skip
    assert [one for one in mine if one in wanted] == wanted
    assert not [event for event in provider.events() if event.action.startswith(("link:", "mail:"))]


def test_Y1_whoever_a_client_turns_off_is_out_at_once(provider: Provider, scim: Scim) -> None:
    made = person(scim, "ann")
    services = provider.services
    services.directory.store_password(made["id"], services.passwords.hash("correct horse 9"), detail={})
    browser, app = provider.browser(), provider.add_client()
    provider.sign_in(browser, app, "ann", "correct horse 9")
    assert provider.authorize(browser, app).location.startswith(app.redirect_uri)
    scim.patch(f"Users/{made['id']}", {"op": "replace", "path": "active", "value": "False"})
    assert provider.authorize(browser, app).is_login_page


@pytest.mark.spec("RFC7644 3.14")
def test_Y1_a_version_is_compared_in_the_transaction_of_the_change(
    scim: Scim, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody else's change between the look and the write is no less a change."""
    ann = person(scim, "ann")
    other = connect("other", adopts=True)
    path, tag = f"Users/{ann['id']}", ann["meta"]["version"]
    allowed = users._allowed

    def late(*args: Any) -> Any:
        monkeypatch.setattr(users, "_allowed", allowed)
        assert other.patch(path, {"op": "add", "path": "profileUrl", "value": "https://ann.example"}).status == 200
        return allowed(*args)

    monkeypatch.setattr(users, "_allowed", late)
    change = {"schemas": [PATCH], "Operations": [{"op": "replace", "path": "profileUrl", "value": "https://b.example"}]}
    refused(scim.call("PATCH", path, change, {"If-Match": tag}), 412)
    assert scim.get(path)["profileUrl"] == "https://ann.example"
