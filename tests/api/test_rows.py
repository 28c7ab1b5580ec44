"""Every row of the API: none without a permission, none that a role may reach beyond its own. S59, C1, C2, C4."""

from __future__ import annotations

from typing import Any

from idp.accounts.roles import RoleGrant
from idp.admin import provisioning
from idp.admin.actor import of_shell
from idp.admin.permissions import LIMITED_BY, TABLE, Permission
from idp.api.operations import Operation
from idp.api.resources import OPERATIONS
from idp.app import ROUTES
from idp.provisioning.target import Said
from tests.api.conftest import Api, Program
from tests.provider import App, Provider

#: What needs no permission, and why.
OPEN = {
    "getDocument": "it says what everybody may know",
    "getCaller": "it says of callers only what they may",
}


#: Whose things a row is about, by the first part of its path; a row without a line fails. `company`: nobody who looks
#: after a part has its permission; the others are tried, on one's own and on others', by the tests that are named.
WHOSE = {
    "openapi.json": "everybody",
    "caller": "everybody",
    "applications": "application: below, and test_past_and_check.py",
    "people": "person: test_people.py",
    "cases": "case: test_groups_cases_activity.py",
    "access-requests": "application: test_groups_cases_activity.py",
    "events": "application or person: test_groups_cases_activity.py",
    "attention": "application or person: test_groups_cases_activity.py",
    "batches": "person: test_batches.py",
    "attributes": "company",
    "details-types": "company",
    "service-providers": "company",
    "gallery": "company",
    "imports": "company",
    "groups": "company",
    "program-grants": "company",
    "program-hosts": "company",
    "registration-tokens": "company",
    "registrations": "company",
    "invitations": "person: test_invitations.py",
    "reviews": "application or group: test_reviews.py",
    "sign-in-rules": "company",
    "providers": "company",
    "provisioning": "application: test_provisioning.py",
    "scim-clients": "company",
    "provider-templates": "company",
    "audit-streams": "company",
    "message-delivery": "company",
    "messages": "company",
    "notices": "company",
    "signing-keys": "company",
    "settings": "company",
    "break-glass": "company",
    "approvals": "whoever asked: test_approvals.py",
    "installation": "company",
}
#: What an auditor may send that is no GET: it changes nothing, or its verb asks for more (tried below).
AUDITOR_SENDS = {
    "simulateSignIn",
    "testAuditStream",
    "startBatch",
    "runBatch",
    "stopBatch",
    "undoBatch",
    "withdrawApproval",
}


def path_of(row: Operation, **names: str) -> str:
    """The path with these segments, and for the others what nobody has; with the parameters that it must have."""
    path = "/".join(names.get(part[1:-1], "unknown") if part[:1] == "<" else part for part in row.path.split("/"))
    fields = row.query.model_fields if row.query is not None else {}
    needed = "&".join(f"{name}=unknown" for name, field in fields.items() if field.is_required())
    return f"{path}?{needed}" if needed else path


def send(api: Api, row: Operation, path: str) -> Any:
    """A call of the row with what it takes, as the document's example has it."""
    headers = {"If-Match": "*"} if row.guarded else {}
    body = next(iter(row.examples.values()), {}) if row.takes is not None else None
    return api.call(row.method, path, body, headers)


def test_S59_no_route_of_the_API_is_without_a_permission() -> None:
    ours = [route for route in ROUTES if route.path.startswith("/api")]
    assert [route.path for route in ours] == ["/api/v1/<path:rest>"]  # all of it goes by the rows
    assert {row.id for row in OPERATIONS if row.permission is None} == OPEN.keys()
    assert all(isinstance(row.permission, Permission) for row in OPERATIONS if row.id not in OPEN)
    assert [row.id for row in OPERATIONS if row.public] == ["getDocument"]


def test_S59_every_row_says_whose_things_it_is_about() -> None:
    parts = {row.path.split("/")[1] for row in OPERATIONS}
    assert parts == WHOSE.keys()
    for row in OPERATIONS:
        if WHOSE[row.path.split("/")[1]] == "company":
            assert row.permission not in TABLE["app_admin"] | TABLE["help_desk"], row.id
    sent = {row.id for row in OPERATIONS if row.method != "GET" and row.permission in TABLE["auditor"]}
    assert sent == AUDITOR_SENDS


def test_S59_an_auditor_does_nothing_to_many(provider: Provider, program: Program) -> None:
    ann = provider.add_person("ann", groups=("Sales",))
    auditor, owner = program(RoleGrant("auditor"), name="aud"), program(RoleGrant("owner"), name="own")
    for action in ("join", "leave", "invite", "withdraw", "sign_out", "off", "on", "remove"):
        body = {"action": action, "people": [ann.id], "group": "Sales"}
        assert auditor.post("/batches", body).status == 403, action
        id = owner.post("/batches", body).json["id"]
        for rest in ("run", "stop"):
            answer = auditor.call("POST", f"/batches/{id}/{rest}", None, {"If-Match": "*"})
            assert answer.status == 403, (action, rest)
    assert provider.services.directory.get(ann.id) == ann


def test_C4_every_row_has_a_name_of_its_own_and_an_example_of_what_it_takes() -> None:
    assert len({row.id for row in OPERATIONS}) == len(OPERATIONS)
    assert len({(row.method, row.path) for row in OPERATIONS}) == len(OPERATIONS)
    assert [row.id for row in OPERATIONS if row.takes is not None and not row.examples] == []


def test_C4_what_changes_demands_an_edition_and_what_creates_takes_a_key() -> None:
    assert [row.id for row in OPERATIONS if row.method in ("PATCH", "PUT") and not row.guarded] == []
    assert [row.id for row in OPERATIONS if row.status == 201 and not row.creates] == []


def test_S59_nobody_without_its_permission_gets_an_answer_of_any_row(
    provider: Provider, program: Program, stranger: Api
) -> None:
    callers = {
        role: program(RoleGrant(role, ("x",) if role == "app_admin" else None), name=role) for role in TABLE
    }  # fmt: skip
    callers["nobody"] = program_without(program)
    tried = 0
    for row in OPERATIONS:
        if not row.public:
            assert send(stranger, row, path_of(row)).status == 401, row.id
        for role, api in callers.items():
            if row.permission is not None and row.permission not in TABLE.get(role, ()):
                answer = send(api, row, path_of(row))
                assert (answer.status, answer.json["permission"]) == (403, row.permission), (row.id, role)
                tried += 1
    assert tried > len(OPERATIONS)


def program_without(program: Program) -> Api:
    """A program that had a role when it got its token."""
    from idp.accounts import roles

    api = program(RoleGrant("auditor"), name="former")
    client_id = api.get("/caller").json["id"]
    services = api.browser.app.extensions["doorward"]
    roles.forget_program(services.db, client_id)
    return api


def of_applications(row: Operation) -> bool:
    return row.path.startswith("/applications/<id>")


def test_S59_another_application_than_ones_own_is_answered_as_one_that_there_is_not(
    provider: Provider, program: Program
) -> None:
    own, other = provider.add_client("Own"), provider.add_client("Other")
    said_of = Said(url="https://own.example/scim")
    provisioning.add(provider.services, of_shell("cli:test"), own.client, said_of, "token")
    api = program(RoleGrant("app_admin", (own.id,)), name="keeper")
    rows = [row for row in OPERATIONS if of_applications(row)]
    assert rows
    for row in rows:
        if row.permission not in TABLE["app_admin"]:
            assert send(api, row, path_of(row, id=own.id)).status == 403, row.id
            continue
        assert row.permission in LIMITED_BY["app_admin"], row.id
        theirs, nobodys = (send(api, row, path_of(row, id=id)) for id in (other.id, "c" + 24 * "a"))
        assert theirs.status == 404, (row.id, theirs.text)
        assert said(theirs) == said(nobodys), row.id
        if row.names == ("id",) and row.id != "previewApplication":
            assert send(api, row, path_of(row, id=own.id)).status in (200, 201, 204), row.id
    unchanged(provider, other)


def said(answer: Any) -> dict[str, Any]:
    return {name: value for name, value in answer.json.items() if name != "request_id"}


def unchanged(provider: Provider, app: App) -> None:
    now = provider.services.registry.get(app.id)
    assert (now.enabled, now.changed_at, now.access) == (True, app.client.changed_at, app.client.access)
    assert len(now.secrets) == len(app.client.secrets)
