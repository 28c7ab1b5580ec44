"""`doorward explain`: what is mended stands apart, alike refusals are one, a sign-in that failed has a fix. Q1."""

from __future__ import annotations

from dataclasses import replace

from idp.answers.finding import Finding
from idp.answers.symptoms import keeping, went_well
from idp.answers.symptoms.evidence import Count
from idp.answers.symptoms.symptom import Cause, Symptom
from idp.audit import Event, record
from idp.cli import found_symptoms
from idp.errors import Explanation, Refused
from idp.protocols import Services
from idp.traffic import CODE, Granted, Traffic
from idp.wire import Request
from tests.cli.conftest import Folder
from tests.cli.test_explain import CB, crm, fail, services
from tests.provider import Provider

__all__ = ["crm", "services"]


def went(services: Services, client_id: str, at: float, name: str = "c") -> None:
    """Somebody got a code."""
    services.part(Traffic).proven(CODE, client_id, f"s{name}", Granted(name, "p", ("openid",), False), at)
    keeping.flush(services)


def test_Q1_what_went_well_again_stands_apart_and_is_shorter(site: Folder, services: Services, crm: str) -> None:
    error_id = fail(services, crm, f"{CB}/")
    services.faults.flush(whole=True)
    assert "Most likely mended" not in site.run("explain", crm).out
    went(services, crm, services.clock() + 5)
    said = site.run("explain", crm).out
    before, mended = said.split("Most likely mended")
    assert error_id not in before
    assert f"{error_id}  unregistered_redirect_uri, redirect_uri: once, " in mended
    assert f"all of it: doorward explain {error_id}" in mended
    assert "expected" not in said


def test_Q1_a_success_from_before_mends_nothing(site: Folder, services: Services, crm: str) -> None:
    went(services, crm, services.clock() - 60)
    fail(services, crm, f"{CB}/")
    assert "Most likely mended" not in site.run("explain", crm).out


def test_Q2_a_symptom_that_follows_from_an_error_says_so(provider: Provider) -> None:
    app = provider.add_client("CRM")
    finding = Finding("secret_wrong", "application", "client_secret", "Paste it.")
    event = Event("error:invalid_client", client_id=app.id, detail={"path": "/oauth/token"})
    cause = Cause("It waits.", "It is late.", "Wait.")
    look = Symptom(code="codes_never_redeemed", side="application", field="token endpoint", what="x", causes=(cause,),
                   times=1, since=100.0, last_at=200.0)  # fmt: skip
    assert went_well.follows(look, event, (finding,), 150.0)
    assert not went_well.follows(look, event, (finding,), 50.0)  # it had ended before
    assert not went_well.follows(replace(look, code="logout_never"), event, (finding,), 150.0)
    said = [*found_symptoms.lines(look, "https://x/errors/codes_never_redeemed", ["E-1"])]
    assert "  It follows from E-1 above, most likely from nothing else: mend that first." in said
    assert not any("It waits." in line for line in said)
    assert any("It waits." in line for line in found_symptoms.lines(look, "x"))
    assert any(line.startswith("  once, ") for line in said)


def test_Q1_who_may_not_sign_in_is_not_mended_by_another(provider: Provider) -> None:
    app = provider.add_client("CRM")
    event = Event("error:no_access", client_id=app.id, detail={"path": "/oauth/authorize"})
    counted = {CODE: Count(1, 0.0, 300.0)}
    for side, at in (("nobody", None), ("person", None), ("application", 300.0)):
        finding = Finding("no_access", side, "access", "x")  # type: ignore[arg-type]
        assert went_well.since(counted, event, (finding,), 200.0) == at


def test_Q1_alike_refusals_of_a_person_are_one_line_that_names_them(site: Folder, services: Services, crm: str) -> None:
    site.run("user", "add", "--username", "mia", "--link")
    mia = services.directory.find_named("mia")
    assert mia is not None
    for _ in range(3):
        refusal = Refused("no_access", "mia may not open Tills.", client_id=crm, status=403, explanation=Explanation(
            "nobody", f"doorward client access {crm} --add-person NAME", "access"))  # fmt: skip
        services.errors.keep(refusal, request=Request({"REQUEST_METHOD": "GET", "PATH_INFO": "/"}), person_id=mia.id)
    said = site.run("user", "show", "mia").out
    (line,) = [one for one in said.splitlines() if one.startswith("failed")]
    assert "3 times since" in line
    assert "--add-person mia" in line


def test_Q1_a_wrong_password_is_explained_in_the_form_of_every_error(site: Folder, services: Services) -> None:
    site.run("user", "add", "--username", "max", "--link")
    max_ = services.directory.find_named("max")
    assert max_ is not None
    event = Event("session:failed", error_id="E-AAAAA-BBBBB", person_id=max_.id, detail={"failures": 1})
    record(services.db, event, services.clock())
    said = site.run("explain", "E-AAAAA-BBBBB").out
    parts = ("E-AAAAA-BBBBB, ", ": wrong password\n", "Wrong, about the person: password\n",
             "  expected  the person's password\n", "  came      the password was wrong",
             "  fix       They may choose a new one",
             f"  more      {services.issuer}/errors/sign_in_failed\n")  # fmt: skip
    for part in parts:
        assert part in said, part
