"""The OpenAPI document, and made-up calls at every row of it. C4, X30."""

from __future__ import annotations

import contextlib
import json
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, Verbosity, given, settings
from hypothesis.errors import Unsatisfiable
from hypothesis.stateful import run_state_machine_as_test
from schemathesis import GenerationMode
from schemathesis.config import SchemathesisConfig

from idp.accounts import batches
from idp.accounts.roles import RoleGrant
from idp.accounts.sign_in_rules import keeping
from idp.api.resources import OPERATIONS
from tests.api.conftest import Api, make_program, token_of
from tests.backends import Clock
from tests.provider import Provider

#: What is refused though the document's schema lets it pass: rules between fields, editions, what is not there.
RULES = ["200", "201", "204", "400", "404", "409", "412", "422"]
CONFIG: dict[str, Any] = {
    "seed": 1,
    "checks": {"positive_data_acceptance": {"expected-statuses": RULES}},
}
BOUNDS = settings(
    derandomize=True, database=None, deadline=None, phases=[Phase.explicit, Phase.generate], print_blob=False,
    suppress_health_check=list(HealthCheck), verbosity=Verbosity.quiet,
)  # fmt: skip


SENT = {"Authorization": "Bearer of-whoever-calls"}


class Called:
    """The provider that is called at the moment: an owner's program has the token that stands for `SENT`."""

    def __init__(self, provider: Provider) -> None:
        self.enter(provider)
        config = SchemathesisConfig.from_dict({**CONFIG, "headers": SENT})
        self.schema = schemathesis.openapi.from_dict(
            Api(provider.browser()).get("/openapi.json").json, config=config
        )  # fmt: skip
        self.schema.app = self

    def enter(self, provider: Provider) -> None:
        """From now on this one is called."""
        self.app = provider.app
        self.token = token_of(provider, make_program(provider, RoleGrant("owner"), name="fuzz"))

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Any:
        if environ.get("HTTP_AUTHORIZATION") == SENT["Authorization"]:
            environ["HTTP_AUTHORIZATION"] = f"Bearer {self.token}"
        return self.app(environ, start_response)


def test_C4_the_document_is_served_to_everybody_and_names_every_row(provider: Provider, stranger: Api) -> None:
    answer = stranger.get("/openapi.json")
    assert answer.status == 200
    assert answer.json["openapi"].startswith("3.1")
    there = {one["operationId"] for path in answer.json["paths"].values() for one in path.values()}
    assert there == {row.id for row in OPERATIONS}
    assert answer.json["servers"] == [{"url": f"{provider.issuer}/api/v1"}]
    register = answer.json["paths"]["/applications"]["post"]
    assert register["x-permission"] == "apps:create"
    assert "422" in register["responses"]
    properties = answer.json["components"]["schemas"]["NewApplication"]["properties"]["metadata"]["properties"]
    assert properties["consent"]["enum"] == ["implicit", "explicit"]


def test_C4_every_example_of_the_document_is_what_its_row_takes(owner: Api) -> None:
    from idp.api import reading

    assert reading.MAX_DEPTH
    for row in OPERATIONS:
        for example in row.examples.values():
            assert row.takes is not None
            row.takes.model_validate_json(json.dumps(example), strict=True)


def things(provider: Provider) -> dict[str, Callable[[], str]]:
    """By the path of one: the id of a thing that is there, a new one where the last is gone."""
    services, ids = provider.services, dict[str, str]()

    def application() -> str:
        if services.registry.find(ids.get("application", "")) is None:
            ids["application"] = provider.add_client("There").id
        return ids["application"]

    def rule() -> str:
        kept = keeping.find(services.db, ids.get("rule", ""))
        if kept is None or kept.deleted_at is not None:
            said = {"name": f"There {len(keeping.list_of(services.db))}", "groups": ["Nobody"]}
            ids["rule"] = keeping.add(services.db, said, services.clock(), record=lambda *_: None).rule.id
        return ids["rule"]

    def batch(kind: str) -> Callable[[], str]:
        asked = {"file": "", "header": ["username"], "columns": ["username"], "existing": "skip", "new_groups": False,
                 "invite": False, "note": "", "ran": False, "action": "sign_out", "group": ""}  # fmt: skip

        def made() -> str:
            if kind not in ids:
                ids[kind] = batches.begin(
                    services.db, kind, "cli:test", asked, [["ann"]], services.clock(), state="checked"
                ).id
            return ids[kind]

        return made

    return {
        "/applications/{id}": application, "/sign-in-rules/{id}": rule, "/imports/{id}": batch("import"),
        "/batches/{id}": batch("bulk"),
    }  # fmt: skip


@pytest.mark.spec("RFC 9457 §3")
def test_C4_X30_made_up_calls_get_no_answer_that_the_document_does_not_describe(
    provider: Provider, clock: Clock
) -> None:
    statuses: Counter[int] = Counter()
    schema = Called(provider).schema

    def call(case: Any) -> None:
        clock.advance(0.1)  # at a pace that is allowed
        prefix = "/".join(case.path.split("/")[:3])
        if case.meta.generation.mode is GenerationMode.POSITIVE and prefix in there:
            case.path_parameters["id"] = there[prefix]()  # else nearly all of them would end before the handler
        statuses[case.call_and_validate(headers=SENT).status_code] += 1

    there = things(provider)
    for found in schema.get_all_operations():
        for mode, many in ((GenerationMode.POSITIVE, 5), (GenerationMode.NEGATIVE, 3)):
            strategy = found.ok().as_strategy(generation_mode=mode)
            with contextlib.suppress(Unsatisfiable):  # a row that takes nothing can be sent nothing wrong
                settings(BOUNDS, max_examples=many)(given(case=strategy)(call))()
    assert {200, 201, 400, 404, 412, 422} <= statuses.keys(), statuses


def test_C4_X30_made_up_stories_of_what_was_made_hold_together(
    open_provider: Callable[..., Provider], clock: Clock
) -> None:
    seen: Counter[tuple[str, int]] = Counter()
    called = Called(open_provider())

    class Story(called.schema.as_state_machine()):  # type: ignore[misc]
        def setup(self) -> None:
            """Each story begins on an installation of its own, or the same calls would be answered otherwise."""
            called.enter(open_provider())

        def get_call_kwargs(self, case: Any) -> dict[str, Any]:
            clock.advance(0.1)
            return {"headers": SENT}

        def validate_response(self, response: Any, case: Any, *_: Any, **__: Any) -> None:
            case.validate_response(response, headers=SENT, recorder=getattr(self, "recorder", None))

        def after_call(self, response: Any, case: Any) -> None:
            seen[case.operation.definition.raw["operationId"], response.status_code] += 1

    run_state_machine_as_test(Story, settings=settings(BOUNDS, max_examples=6, stateful_step_count=8))
    assert sum(seen.values()) > 20
    assert {status for _, status in seen} & {200, 204}, seen
