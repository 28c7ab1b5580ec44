"""A company as there are many, with one of everything that the console has a page for: what its pictures show.

It has the attributes by which `hostile.places` finds the objects of a page, as the company of attacks has.
"""

from __future__ import annotations

from typing import Any, Final

from clients.access import Access
from clients.registry import Draft as App
from idp.accounts import approvals, cases, notices
from idp.accounts.approvals import Approval
from idp.accounts.cases import store as case_store
from idp.accounts.person import Draft, Person
from idp.admin import applications, details_types, groups, people, provisioners, provisioning, reviews
from idp.admin import providers as upstream
from idp.admin.actor import of_shell
from idp.admin.rules import changing
from idp.audit import Event, record
from idp.errors import new_error_id, new_spoken_id
from idp.federation.saml.federations.describing import Member
from idp.ids import new_id
from idp.provisioning import keeping
from idp.provisioning.objects import Object
from idp.provisioning.target import Said
from tests.console.hostile import federation
from tests.console.test_import import upload, work
from tests.console.test_many import choose
from tests.provider import PASSWORD, Browser
from tests.server import Server

CRM: Final = "https://crm.larkfield.example"
HELP: Final = "I have a new phone, and the app on the old one is gone. The page says "
_FILE: Final = (
    "username,name,email,groups\r\n"
    "mara.lind,Mara Lind,mara.lind@larkfield.example,Sales\r\n"
    "theo.brandt,Theo Brandt,theo.brandt at larkfield.example,Sales\r\n"
)
_UNIVERSITIES: Final = (
    ("Bergheim University", "bergheim.example"), ("College of Lindau", "lindau.example"),
    ("University of Seeburg", "seeburg.example"),
)  # fmt: skip
_PAYMENT: Final = {"type": "object", "properties": {"amount": {"type": "string"}, "creditor": {"type": "string"}}}


class Larkfield:
    """`owner`: the browser of an owner who is signed in; `boss`: who that is."""

    def __init__(self, server: Server, owner: Browser, boss: Person) -> None:
        self._server, self._services, self._boss = server, server.services, boss
        self._actor = of_shell("cli:olivia")
        group, _ = groups.make(self._services, self._actor, "Sales")
        self.group = groups.describe(self._services, self._actor, group, "Whoever sells, and their assistants").id
        self.person = self._person("anna.berg", "Anna Berg", given_name="Anna", department="Sales")
        self.other = self._person("ben.okafor", "Ben Okafor", department="Support")
        self._invited("mara.lind", "Mara Lind")
        self.app, self.saml = self._crm(), self._payroll()
        self._written()
        said = {"name": "Sales from home", "why": "Customer data", "groups": ["Sales"], "need": "second"}
        self.rule = changing.add(self._services, self._actor, said).rule.id
        changing.change(self._services, self._actor, self.rule, {**said, "why": "You see what customers told us."})
        self.upstream, self.directory = self._upstream(), self._directory()
        self.federation = federation(self._services, "eduGAIN", [
            Member(
                entity_id=f"https://idp.{domain}/saml", names={"en": name}, words=(), document="", scopes=(domain,),
                authority="https://nren.example",
            ) for name, domain in _UNIVERSITIES
        ])  # fmt: skip
        self.event_id = self._failed()
        self.case_id = self._case(cases.HELP, HELP + self.event_id)
        self._case(cases.ACCESS, "I look after Acme now.", self.saml)
        notices.add(
            self._services.db, self._services.clock(), "The CRM is away on Saturday from 8 to 10.", "cli:olivia"
        )
        self.review = self._review()
        said["need"] = "phishing-resistant"
        self.rule_waits = self._waits("rules.change", "rule:change", {"how": "change", "rule": self.rule, "said": said})
        self.off_waits = self._waits("people.turn_off", "user:turn_off", {"person": self.person.id})
        self._details_type()
        self.imported, self.batch = self._import(owner), self._batch(owner)

    def _person(self, username: str, name: str, **claims: str) -> Person:
        address = f"{username}@larkfield.example"
        draft = Draft(username=username, name=name, email=address, groups=("Sales",), claims=claims)
        return people.add(self._services, self._actor, draft, PASSWORD, by_mail=False).person

    def _invited(self, username: str, name: str) -> None:
        draft = Draft(username=username, name=name, email=f"{username}@larkfield.example", groups=("Sales",))
        people.add(self._services, self._actor, draft, None, by_mail=True)

    def _crm(self) -> str:
        metadata = {
            "redirect_uris": [f"{CRM}/oauth-callback.php"], "client_uri": CRM, "launch_url": CRM,
            "description": "Customers and offers",
        }  # fmt: skip
        draft = App(name="Larkfield CRM", profile="web", metadata=metadata, access=Access.only(groups=["Sales"]))
        made = applications.register(self._services, self._actor, draft).client
        more = applications.Change(
            metadata={
                "post_logout_redirect_uris": [CRM],
                "backchannel_logout_uri": f"{CRM}/logout",
                "claim_rules": [
                    {"name": "role", "value": '"seller"', "groups": ["Sales"]},
                    {"name": "role", "value": '"reader"'},
                    {"name": "shown_as", "value": 'default(nickname, join(" ", given_name, family_name))'},
                ],
            }
        )
        return applications.update(self._services, self._actor, made, more)[0].id

    def _payroll(self) -> str:
        acs = [{"index": 0, "binding": "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST",
                "location": "https://payroll.larkfield.example/saml/acs", "is_default": True}]  # fmt: skip
        metadata = {"sp_metadata": {"entity_id": "https://payroll.larkfield.example", "acs": acs}}
        draft = App(name="Payroll", kind="saml", metadata=metadata, access=Access.only(persons=[self.person.id]))
        return applications.register(self._services, self._actor, draft).client.id

    def _written(self) -> None:
        services, now = self._services, self._services.clock()
        provisioning.add(services, self._actor, services.registry.get(self.app), Said(url=f"{CRM}/scim/v2"), "token")
        for person, state in ((self.person, "written"), (self.other, "refused")):
            keeping.put(services.db, Object(
                client_id=self.app, kind="user", local_id=person.id, remote_id="8f2c", state=state, at=now, due=now,
                problem="" if state == "written" else "userName is taken", status=409, tries=1,
                request="POST /scim/v2/Users", answer='{"detail": "userName is taken"}',
            ))  # fmt: skip

    def _upstream(self) -> str:
        said = {"name": "Acme Login", "issuer": "https://login.acme.example", "client_id": "larkfield",
                "domains": ["acme.example"], "attributes": {"given_name": "given_name"}}  # fmt: skip
        return upstream.add(self._services, self._actor, said, "a secret", enabled=False).provider.id

    def _directory(self) -> str:
        from idp.accounts.provisioning.clients import Wanted

        return provisioners.make(self._services, self._actor, Wanted(name="Acme HR")).client.id

    def _failed(self) -> str:
        error_id, now = new_error_id(), self._services.clock()
        detail = {
            "message": "The address to go back to is not one that this application registered.",
            "what": f"redirect_uri: {CRM}/oauth-callback", "side": "application",
            "fix": f"Register {CRM}/oauth-callback, or let the application send {CRM}/oauth-callback.php.",
            "path": "/oauth/authorize",
        }  # fmt: skip
        with self._services.db.transaction() as tx:
            record(tx, Event(
                "error:unknown_redirect_uri", actor="system", client_id=self.app, address="203.0.113.9",
                request_id=new_id(now), error_id=error_id, detail=detail,
            ), now)  # fmt: skip
        return error_id

    def _case(self, kind: str, text: str, about: str = "") -> str:
        made = new_spoken_id("C")
        with self._services.db.transaction() as tx:
            tx.load(case_store.cases, [{
                "id": made, "person_id": self.other.id, "kind": kind, "text": text, "address": "203.0.113.9",
                "browser": "Firefox on Windows", "opened_at": self._services.clock(), "closed_at": None,
                "closed_by": None, "about": about,
            }])  # fmt: skip
        return made

    def _review(self) -> str:
        due = self._services.clock() + 14 * 86400
        wish = reviews.Wish(kind="app", about=self.app, reviewers=(self._boss,), due_at=due, unconfirmed="report")
        return reviews.start(self._services, self._actor, wish).id

    def _waits(self, verb: str, action: str, args: dict[str, Any]) -> str:
        now = self._services.clock()
        one = Approval(
            id=new_id(now), action=action, verb=verb, args=args, asked_by=f"person:{self.other.id}", token_id="",
            asked_at=now, until=now + 86400,
        )  # fmt: skip
        with self._services.db.transaction() as tx:
            approvals.add(tx, one)
        return one.id

    def _details_type(self) -> None:
        wish = details_types.Wish(name="payment", schema=_PAYMENT, sentences={"en": "Pay {amount} to {creditor}"})
        details_types.put(self._services, self._actor, wish)

    def _import(self, owner: Browser) -> str:
        sent = upload(owner, _FILE.encode(), name="new-in-sales.csv")
        work(self._server)
        return _last(sent.location)

    def _batch(self, owner: Browser) -> str:
        sent = choose(owner, "join", self.person, self.other, group="Sales")
        work(self._server)
        return _last(sent.location)


def _last(location: str) -> str:
    return location.partition("?")[0].rstrip("/").rpartition("/")[2]
