"""A company in which every text that somebody may choose is somebody's attack, and where each page of the console is.

Both the tests in process and those in a browser walk it. A new page of the console is walked by itself; one whose
address names an object needs a line in `_OBJECTS`, or `addresses` fails and says so.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import Any, Final
from urllib.parse import quote

from clients.access import Access
from clients.registry import Draft
from idp.accounts import approvals, cases, notices
from idp.accounts.approvals import Approval
from idp.accounts.cases import store as case_store
from idp.admin import providers, provisioning
from idp.admin.actor import of_shell
from idp.audit import Event, record
from idp.console.views import PAGES
from idp.errors import new_error_id, new_spoken_id
from idp.federation.saml.federations import members, refreshing
from idp.federation.saml.federations.describing import Member
from idp.federation.saml.federations.refreshing import Standing
from idp.ids import new_id
from idp.provisioning import keeping
from idp.provisioning.objects import Object
from idp.provisioning.target import Said
from tests.console.test_import import upload, work
from tests.provider import Browser, Provider, write_address
from tests.saml.pairs import rsa_pair

#: What a browser runs where it is not told as text: in text, in an attribute, in an address, in a script.
SCRIPT: Final = "<script>hacked=1</script>"
IMAGE: Final = "\"'><img src=x onerror=hacked=2>"
#: Category C is refused in names that people sign in with; elsewhere it turns what stands behind it.
TURNED: Final = "\u202egnp.exe\u202c مرحبا שלום"
LONG: Final = "W" * 120
EMOJI: Final = "👩🏽‍💻🏴‍☠️é̂"
NAME: Final = f"{SCRIPT} {IMAGE} {EMOJI}"
#: 200 characters without a place to break them.
MANY: Final = f"{IMAGE}{'M' * 200}"[:200]
USERNAME: Final = '"><svg/onload=hacked=3>'
FORMULA: Final = '=HYPERLINK("https://evil.example";"a")'
#: A claim's name has no spaces.
IMAGE_CLAIM: Final = "<img/src=x/onerror=hacked=5>"
URL: Final = "https://app.example/'onmouseover='hacked=4"


class Company:
    """What was made, by what the addresses of pages name."""

    def __init__(self, provider: Provider, owner: Browser) -> None:
        self._provider, self._services = provider, provider.services
        db, now = self._services.db, self._services.clock()
        self.group = self._group(NAME)
        self._group(MANY[:128])
        self.person = self._person(USERNAME, NAME)
        self.other = self._person("w" * 100, TURNED + LONG)
        self.app = self._app(NAME, "web")
        self.saml = self._saml(MANY)
        self._written()
        self.rule = provider.add_rule(name=f"{NAME}{TURNED}"[:100], groups=[NAME], need="second", why=MANY)
        self.upstream, self.federation = self._upstream(), self._federation()
        self.directory = self._directory()
        with db.transaction() as tx:
            self.event_id = self._event(tx)
        self.case_id = self._case()
        notices.add(db, now, f"{SCRIPT} {IMAGE} {MANY}", USERNAME)
        self.review = self._review()
        said = {"name": f"{NAME}{TURNED} 50%(x)s %", "why": MANY, "groups": [NAME], "need": "second"}
        self.rule_waits = self._waits("rules.change", "rule:change", {"how": "change", "rule": self.rule, "said": said})
        self.off_waits = self._waits("people.turn_off", "user:turn_off", {"person": self.person.id})
        self.imported, self.batch = self._import(owner), self._batch(owner)

    # -- what is made --------------------------------------------------------------------------------------------------

    def _directory(self) -> str:
        from idp.accounts.provisioning.clients import Wanted
        from idp.admin import provisioners

        name = "".join(filter(str.isprintable, IMAGE + NAME))[:80]
        return provisioners.make(self._services, of_shell("cli:test"), Wanted(name=name)).client.id

    def _upstream(self) -> str:
        name, client = ("".join(filter(str.isprintable, text)) for text in (IMAGE + NAME, MANY))
        said = {"name": name[:80], "issuer": "https://id.example.com", "client_id": client[:500], "step_up": IMAGE,
                "attributes": {"given_name": IMAGE}, "domains": ["example.com"]}  # fmt: skip
        return providers.add(self._services, of_shell("test"), said, "a secret", enabled=False).provider.id

    def _federation(self) -> str:
        """Whose organisations say of themselves what attacks."""
        return federation(self._services, "F" + "".join(filter(str.isprintable, IMAGE + NAME))[:79], [
            Member(
                entity_id=f"urn:{IMAGE}{n}", names={"en": f"{name} {n}"}, words=(SCRIPT,), document="",
                scopes=(f"x{n}.example", MANY), authority=f"https://x.example/{IMAGE}",
            ) for n, name in enumerate((NAME, TURNED + LONG, MANY))
        ])  # fmt: skip

    def _written(self) -> None:
        """People are written to the application, which answers with attacks."""
        services, now = self._services, self._services.clock()
        said = Said(url="https://app.example/scim/'onmouseover='hacked=6", only=(NAME[:200],))
        provisioning.add(services, of_shell("cli:test"), services.registry.get(self.app), said, "token")
        for person, state in ((self.person, "refused"), (self.other, "failed")):
            keeping.put(services.db, Object(
                client_id=self.app, kind="user", local_id=person.id, remote_id=MANY, state=state, problem=MANY,
                request=f"POST /Users\n{NAME}{MANY}", answer=f"{SCRIPT}{IMAGE}{MANY}", status=400, at=now, due=now + 9,
                tries=2,
            ))  # fmt: skip
        keeping.turn(services.db, self.app, "stopped", now, record=lambda *_: None, reason=f"{SCRIPT}{IMAGE}{MANY}")

    def _group(self, name: str) -> str:
        from idp.accounts import groups

        services = self._services
        return groups.add(services.db, name, services.clock(), record=lambda *_: None).id

    def _person(self, username: str, name: str) -> Any:
        claims = {"given_name": SCRIPT, "department": IMAGE, "note": MANY, "phone_number": FORMULA, IMAGE_CLAIM: TURNED}
        person = self._provider.add_person(
            username, name=name, employee_number=f"{FORMULA[:12]}{username}"[:64],
            groups=(NAME, MANY[:128]), claims=claims, email=f"{new_id()}@x.example",
        )  # fmt: skip
        return write_address(self._services.db, person, f"{username}@x.example")

    def _app(self, name: str, profile: str) -> str:
        texts = {"client_uri": URL, "policy_uri": URL, "tos_uri": URL, "logo_uri": URL, "description": NAME}
        access = Access.only(groups=[NAME, MANY[:128]], persons=[self.person.id, self.other.id])
        metadata = {"redirect_uris": [URL], **texts}
        draft = Draft(name=name, profile=profile, metadata=metadata, access=access)
        return self._services.registry.register(draft).client.id

    def _saml(self, name: str) -> str:
        acs = [{"index": 0, "binding": "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST", "location": URL,
                "is_default": True}]  # fmt: skip
        metadata = {"sp_metadata": {"entity_id": f"urn:{IMAGE.replace(' ', '')}", "acs": acs}, "description": MANY}
        return self._services.registry.register(Draft(name=name, kind="saml", metadata=metadata)).client.id

    def _event(self, tx: Any) -> str:
        error_id = new_error_id()
        for action in ("error:unknown_redirect_uri", "session:failed", "session:started", "client:update"):
            detail = {
                "message": NAME, "what": IMAGE, "fix": MANY, "side": SCRIPT, "browser": MANY, "path": f"/{IMAGE}",
                "changed": {IMAGE: [SCRIPT, TURNED]}, "failures": 3, IMAGE: NAME,
            }  # fmt: skip
            record(tx, Event(
                action, actor=f"cli:{IMAGE}", person_id=self.person.id, client_id=self.app, address=SCRIPT,
                request_id=IMAGE, error_id=error_id if action.startswith("error") else None, detail=detail,
            ), self._services.clock())  # fmt: skip
        return error_id

    def _waits(self, verb: str, action: str, args: dict[str, Any]) -> str:
        now = self._services.clock()
        one = Approval(
            id=new_id(now), action=action, verb=verb, args=args, asked_by=f"person:{self.other.id}", token_id="",
            asked_at=now, until=now + 86400,
        )  # fmt: skip
        with self._services.db.transaction() as tx:
            approvals.add(tx, one)
        return one.id

    def _case(self) -> str:
        made = new_spoken_id("C")
        for case_id, kind, about in ((made, cases.HELP, ""), (new_spoken_id("C"), cases.ACCESS, self.app)):
            with self._services.db.transaction() as tx:
                tx.load(case_store.cases, [{
                    "id": case_id, "person_id": self.other.id, "kind": kind, "text": f"{NAME} {self.event_id} {MANY}",
                    "address": SCRIPT, "browser": MANY, "opened_at": self._services.clock(), "closed_at": None,
                    "closed_by": None, "about": about,
                }])  # fmt: skip
        cases.note(self._services, made, f"{NAME} {MANY}", f"cli:{IMAGE}")
        return made

    def _review(self) -> str:
        from idp.admin import reviews
        from idp.admin.actor import of_shell

        boss = self._services.directory.owners()[0]
        wish = reviews.Wish(
            kind="app", about=self.app, reviewers=(boss,), due_at=self._services.clock() + 9e5, unconfirmed="report"
        )
        return reviews.start(self._services, of_shell(f"cli:{IMAGE}"), wish).id

    def _import(self, owner: Browser) -> str:
        cells = ",".join(
            f'"{one}"' for one in (SCRIPT, IMAGE.replace('"', '""'), "no address", FORMULA.replace('"', '""'))
        )
        text = f'username,"{IMAGE.replace(chr(34), chr(34) * 2)}",email,groups\r\n{cells}\r\n'
        sent = upload(owner, text.encode(), name="a.csv")
        assert sent.status == 303, sent.dom.text
        work(self._provider)
        return sent.location.partition("?")[0].rstrip("/").rpartition("/")[2]

    def _batch(self, owner: Browser) -> str:
        from tests.console.test_many import choose

        sent = choose(owner, "join", self.person, group=NAME)
        assert sent.status == 303, sent.dom.text
        work(self._provider)
        return sent.location.partition("?")[0].rstrip("/").rpartition("/")[2]


def federation(services: Any, name: str, some: list[Member]) -> str:
    """A provider that is a federation of these organisations, read an hour ago."""
    said = {"name": name, "kind": "federation", "federation_url": "https://mds.example.org/federation.xml",
            "metadata_keys": rsa_pair("federation").certificate_pem}  # fmt: skip
    made, now = providers.add(services, of_shell("test"), said, "", enabled=False).provider, services.clock()
    members.put(services, made, some, now)
    stands = Standing(now - 3600, len(some), now + 7 * 86400)
    services.state.put(refreshing._key(made), asdict(stands), 86400)
    return made.id


#: What the last object in an address is, by what stands before it. `{}` is filled with it.
_OBJECTS: Final = {
    "/admin/apps/new/<product>": ("grafana", "other-saml"),
    "/admin/apps/<id>": ("app", "saml"),
    "/admin/people/import/<id>": ("imported",),
    "/admin/people/many/<id>": ("batch",),
    "/admin/people/<id>": ("person", "other"),
    "/admin/groups/<id>": ("group",),
    "/admin/rules/<id>": ("rule",),
    "/admin/providers/new/<template>": ("entra", "oidc"),
    "/admin/providers/<id>": ("upstream",),
    "/admin/providers/<id>/organisations": ("federation",),
    "/admin/directories/<id>": ("directory",),
    "/admin/reviews/<id>": ("review",),
    "/admin/cases/<id>": ("case_id",),
    "/admin/approvals/<id>": ("rule_waits", "off_waits"),
    "/admin/keys/<kid>": ("kid",),
    "/admin/activity/<id>": ("event_id",),
}
#: Pages that show something else with a query: a search, a filter, something that is not there.
_QUERIES: Final = {
    "/admin": ("span=week",),
    "/admin/search": ("q={}",),
    "/admin/apps": ("q={}", "show=saml"),
    "/admin/attributes": ("name={}",),
    "/admin/apps/new": ("q={}",),
    "/admin/people": ("q={}", "q=hacked", "show=never"),
    "/admin/groups": ("q={}",),
    "/admin/reviews/new": ("group={}", "app={}"),
    "/admin/reviews/<id>": ("q={}", "show=all"),
    "/admin/activity": ("person={}&app={}&action={}&since={}", "failed=1", "action=session:*"),
    "/admin/apps/<id>/preview": ("person={}",),
    "/admin/providers/<id>/organisations": ("q={}",),
    "/admin/rules/try": ("person={}&app={}&address={}",),
}

#: With its first query, a page of these shows what it does not show without.
_DRAWN_OTHERWISE: Final = ("/admin/search", "/admin/activity", "/admin/rules/try")


def addresses(company: Company, kid: str, *, briefly: bool = False) -> list[str]:
    """The path of each page of the console in this company, with its queries.

    `briefly`: each page once, with the object that has the longest names, and those queries that draw something else.
    """
    found = []
    for page in PAGES:
        queries = ["", *(f"?{query.replace('{}', quote(IMAGE))}" for query in _QUERIES.get(page.path, ()))]
        paths = places(page.path, company, kid)
        if briefly:
            paths, queries = paths[-1:], queries[:1] + [one for one in queries[1:2] if page.path in _DRAWN_OTHERWISE]
        found += [path + query for path in paths for query in queries]
    return found


def places(pattern: str, company: Any, kid: str) -> list[str]:
    """The paths of one page of the console in a company, one for each object that it is tried with."""
    if "<" not in pattern:
        return [pattern]
    begin = max((one for one in _OBJECTS if pattern.startswith(one)), key=len, default=None)
    assert begin, f"{pattern}: a line in _OBJECTS says which object it is tried with"
    told = {"entra": "entra", "oidc": "oidc", "grafana": "grafana", "other-saml": "other-saml", "kid": kid}
    ids = [
        told.get(name) or str(getattr(getattr(company, name), "id", getattr(company, name))) for name in _OBJECTS[begin]
    ]
    before, after = begin[: begin.rindex("<")], begin[begin.rindex(">") + 1 :]
    return [f"{before}{one}{after}{pattern.removeprefix(begin)}" for one in ids]
