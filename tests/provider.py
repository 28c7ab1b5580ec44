"""A whole provider in this process: an installation in a folder of the test's own, and browsers to visit it with.

Making an installation costs a second (migrations, an RSA key), so one is made per test process and copied.
"""

from __future__ import annotations

import base64
import http.cookies
import json
import re
import secrets
import shutil
import time
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from hashlib import sha256
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, quote_plus, unquote_to_bytes, urlencode, urljoin, urlsplit

from jinja2.bccache import Bucket, BytecodeCache
from joserfc import jwt
from joserfc.jwk import ECKey
from sqlalchemy import update
from werkzeug.routing import Rule
from werkzeug.test import EnvironBuilder, run_wsgi_app

from clients.access import EVERYONE, Access
from clients.client import Client
from clients.registry import Draft
from idp import audit, migrations
from idp.accounts import store
from idp.accounts.person import Draft as PersonDraft
from idp.accounts.person import Person, fold
from idp.accounts.sign_in_rules import keeping
from idp.app import create_app
from idp.config import Settings
from idp.db import Database
from idp.login.browser import robots
from idp.opening import create_services
from keys import sealing
from keys.master import make_master_key_file, read_master_key

PASSWORD = "correct horse battery staple"
VERIFIER = "doorward-tests_" + "v" * 40  # RFC 7636 §4.1: 43 to 128 unreserved characters
CHEAP = {"memory_kib": 8192, "time_cost": 1, "threads": 1}
ERROR_ID = re.compile(r"\bE-[0-9A-Z]{5}-[0-9A-Z]{5}\b")
HOME = "203.0.113.7"  # where browsers are, unless said
robots.EFFORT = 600  # the check for programs is cheap, too: what a browser takes half a second for, hashed in Python


def write_address(db: Database, person: Person, email: str) -> Person:
    """Give a person an address as it may stand in a row that was written before addresses were looked at closely."""
    of_them = store.identifiers.c.person_id == person.id, store.identifiers.c.kind == "email"
    with db.transaction() as tx:
        tx.run(update(store.people).where(store.people.c.id == person.id).values(email=email))
        tx.run(update(store.identifiers).where(*of_them).values(key=fold(email)))
    return replace(person, email=email)


def challenge_of(verifier: str = VERIFIER) -> str:
    """S256 of RFC 7636 §4.2."""
    return urlsafe_b64encode(sha256(verifier.encode()).digest()).rstrip(b"=").decode()


# -- what comes back ---------------------------------------------------------------------------------------------------


@dataclass
class Form:
    """One form of a page: what the browser would send, and what can be pressed."""

    action: str
    method: str
    fields: list[tuple[str, str]] = field(default_factory=list)
    #: (id, name, value) of each button
    buttons: list[tuple[str, str, str]] = field(default_factory=list)

    def names(self) -> set[str]:
        """Every input and button name."""
        return {name for name, _ in self.fields} | {name for _, name, _ in self.buttons if name}

    def filled(self, press: str | None, values: Mapping[str, str]) -> list[tuple[str, str]]:
        """What is sent when these fields are typed and a button (by id, value or name) is pressed."""
        data = [(name, values.get(name, value)) for name, value in self.fields]
        data += [(name, value) for name, value in values.items() if name not in dict(self.fields)]
        if press is not None:
            found = [button for button in self.buttons if press in button]
            assert found, f"no button {press!r} among {self.buttons}"
            _, name, value = found[0]
            data += [(name, value)] if name else []
        return data


class Dom(HTMLParser):
    """A page read as a browser reads it, as far as tests ask: elements with attributes, forms, visible text."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.forms: list[Form] = []
        self._text: list[str] = []
        self._form: Form | None = None
        self._silent = 0
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self.elements.append((tag, given))
        if tag in ("script", "style"):
            self._silent += 1
        if tag == "form":
            self._form = Form(given.get("action", ""), given.get("method", "get").upper())
            self.forms.append(self._form)
        elif self._form is not None and tag == "input" and given.get("name"):
            if given.get("type") not in ("checkbox", "radio") or "checked" in given:
                self._form.fields.append((given["name"], given.get("value", "")))
        elif self._form is not None and tag == "button":
            self._form.buttons.append((given.get("id", ""), given.get("name", ""), given.get("value", "")))

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._form = None
        if tag in ("script", "style"):
            self._silent -= 1

    def handle_data(self, data: str) -> None:
        if not self._silent:
            self._text.append(data)

    @property
    def text(self) -> str:
        """What a person reads, spaces folded."""
        return " ".join(" ".join(self._text).split())

    def find(self, tag: str, **attributes: str) -> list[dict[str, str]]:
        """The attributes of every such element."""
        wanted = {name.rstrip("_").replace("_", "-"): value for name, value in attributes.items()}
        return [a for t, a in self.elements if t == tag and all(a.get(n) == v for n, v in wanted.items())]


@dataclass
class Answer:
    """One HTTP answer, and where it was got."""

    status: int
    headers: Any
    body: bytes
    url: str

    @cached_property
    def text(self) -> str:
        return self.body.decode("utf-8")

    @cached_property
    def json(self) -> Any:
        return json.loads(self.body)

    @cached_property
    def dom(self) -> Dom:
        assert self.headers.get("Content-Type", "").startswith("text/html"), (
            self.status,
            self.headers,
            self.body[:300],
        )
        return Dom(self.text)

    @property
    def form(self) -> Form:
        """The page's one form; the first one where there are several."""
        assert self.dom.forms, self.dom.text
        return self.dom.forms[0]

    @property
    def location(self) -> str:
        return str(self.headers.get("Location", ""))

    @property
    def is_redirect(self) -> bool:
        return 300 <= self.status < 400 and self.status != 304

    @property
    def sent(self) -> dict[str, str]:
        """What goes to the application: the query or fragment of a redirect, or the fields of an auto-post page."""
        if self.is_redirect:
            parts = urlsplit(self.location)
            pairs = parse_qsl(parts.query, keep_blank_values=True) + parse_qsl(parts.fragment, keep_blank_values=True)
            assert len({name for name, _ in pairs}) == len(pairs), self.location
            return _opened(dict(pairs))
        if self.dom.find("form", id="auto-post"):
            return _opened(dict(self.form.fields))
        return {}

    @property
    def code(self) -> str:
        """The authorization code. Fails with the page's text where there is none."""
        assert "code" in self.sent, (self.status, self.sent or self.dom.text)
        return self.sent["code"]

    @property
    def error(self) -> str:
        """The error code that goes to the application (or stands in the JSON), '' for none."""
        if self.headers.get("Content-Type", "").startswith("application/json"):
            return str(self.json.get("error", ""))
        return self.sent.get("error", "")

    @property
    def is_error_page(self) -> bool:
        """Whether it is our own error page, with an id that an admin can look up."""
        return self.status >= 400 and not self.is_redirect and bool(self.error_id)

    @property
    def error_id(self) -> str:
        """The id on an error page, or ''."""
        found = ERROR_ID.search(self.text)  # "E-" alone stands in many a token
        return found[0] if found else ""

    @property
    def is_login_page(self) -> bool:
        return self.status == 200 and any({"login", "password"} <= form.names() for form in self.dom.forms)

    @property
    def is_consent_page(self) -> bool:
        return self.status == 200 and bool(self.dom.find("button", id="allow"))


# -- who asks ----------------------------------------------------------------------------------------------------------


class Browser:
    """Keeps cookies by our rules, follows nothing by itself, and presses buttons."""

    def __init__(self, app: Any, issuer: str, address: str = HOME) -> None:
        self.app, self.issuer, self.address = app, issuer, address
        self.origin = "{0.scheme}://{0.netloc}".format(urlsplit(issuer))
        self.cookies: dict[str, str] = {}
        self.set_cookies: list[str] = []  # every Set-Cookie line seen, attributes included
        self.answers: list[Answer] = []
        self.headers: dict[str, str] = {"User-Agent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Firefox/140.0"}

    def open(
        self,
        method: str,
        url: str,
        data: Sequence[tuple[str, str]] | Mapping[str, str] | bytes | None = None,
        headers: Mapping[str, str] | None = None,
        *,
        cookies: bool = True,
        host: str | None = None,
        environ: Mapping[str, Any] | None = None,
    ) -> Answer:
        """One request. `cookies=False`: as a cross-site POST comes, without our Lax cookies."""
        target = urlsplit(self.origin + url if url.startswith("/") else urljoin(self.issuer + "/", url))
        body = data if isinstance(data, bytes) or data is None else urlencode(list(_pairs(data))).encode()
        sent = {**self.headers, **(headers or {})}
        if body is not None and "Content-Type" not in sent:
            sent["Content-Type"] = "application/x-www-form-urlencoded"
        if cookies and self.cookies:
            sent["Cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        builder = EnvironBuilder(
            query_string=target.query, method=method, headers=sent, data=body or b"",
            base_url=f"{target.scheme}://{host or target.netloc}",
            environ_overrides={
                "REMOTE_ADDR": self.address, "PATH_INFO": unquote_to_bytes(target.path).decode("latin-1"),
                **(environ or {}),
            },
        )  # fmt: skip
        iterable, status, answered = run_wsgi_app(self.app, builder.get_environ(), buffered=True)
        answer = Answer(int(status.split()[0]), answered, b"".join(iterable), target.geturl())
        for line in answered.getlist("Set-Cookie"):
            self._keep(line)
        self.answers.append(answer)
        return answer

    def _keep(self, line: str) -> None:
        self.set_cookies.append(line)
        jar: http.cookies.SimpleCookie = http.cookies.SimpleCookie(line)
        for name, morsel in jar.items():
            if morsel["max-age"] == "0":
                self.cookies.pop(name, None)
            else:
                self.cookies[name] = morsel.value

    def get(self, url: str, **options: Any) -> Answer:
        return self.open("GET", url, **options)

    def post(self, url: str, data: Any = (), **options: Any) -> Answer:
        return self.open("POST", url, data, **options)

    def submit(self, page: Answer, press: str | None = None, form: int = 0, **values: str) -> Answer:
        """Fill the page's form and press a button."""
        found = page.dom.forms[form]
        data = found.filled(press, solved(page) | values)
        url = urljoin(page.url, found.action)
        if found.method == "GET":
            return self.get(url + "?" + urlencode(data))
        return self.post(url, data)

    def follow(self, answer: Answer) -> Answer:
        """Go where a redirect within our own host leads."""
        assert answer.location.startswith(self.origin), answer.location
        return self.get(answer.location)

    def log_in(self, page: Answer, login: str = "ann", password: str = PASSWORD, **values: str) -> Answer:
        """Type name and password on the login page."""
        assert page.is_login_page, (page.status, page.location, page.body[:200])
        return self.submit(page, login=login, password=password, **values)

    def cookie(self, name: str) -> str:
        """The value of one of our cookies by its short name, '' where it is not there."""
        return self.cookies.get(f"__Host-doorward_{name}", "") or self.cookies.get(f"doorward_{name}", "")

    def forget(self, name: str) -> None:
        """Lose one of our cookies."""
        self.cookies.pop(f"__Host-doorward_{name}", None)
        self.cookies.pop(f"doorward_{name}", None)


def solved(page: Answer) -> dict[str, str]:
    """What JavaScript fills in where the page has a check for programs (W4)."""
    work = next((about["data-work"] for _, about in page.dom.elements if "data-work" in about), None)
    if work is None:
        return {}
    task = json.loads(work)
    number = next(
        n
        for n in range(task["maxNumber"] + 1)
        if sha256(f"{task['salt']}{n}".encode()).hexdigest() == task["challenge"]
    )
    answer = {"number": number, **{name: task[name] for name in ("algorithm", "challenge", "salt", "signature")}}
    return {"work": b64encode(json.dumps(answer).encode()).decode()}


def _opened(sent: dict[str, str]) -> dict[str, str]:
    """What stands in a JWT of the answer (JARM), where it is one. Tests of JARM verify it."""
    if sent.keys() != {"response"}:
        return sent
    payload = sent["response"].split(".")[1]
    return json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))  # type: ignore[no-any-return]


def _pairs(data: Any) -> Any:
    return data.items() if isinstance(data, Mapping) else data


@dataclass
class App:
    """A registered application, and what it keeps to itself."""

    client: Client
    secret: str | None
    key: ECKey | None = None

    @property
    def id(self) -> str:
        return self.client.id

    @property
    def redirect_uri(self) -> str:
        return sorted(self.client.oidc.redirect_uris)[0]

    @property
    def method(self) -> str:
        return self.client.oidc.auth_methods[0]


def basic(user: str, password: str) -> dict[str, str]:
    """An Authorization header as RFC 6749 §2.3.1 has it: both form-urlencoded first."""
    pair = f"{quote_plus(user)}:{quote_plus(password)}"
    return {"Authorization": "Basic " + b64encode(pair.encode()).decode()}


def bearer(token: str) -> dict[str, str]:
    """RFC 6750 §2.1."""
    return {"Authorization": "Bearer " + token}


# -- the provider ------------------------------------------------------------------------------------------------------


def make_settings(folder: Path, **sections: Mapping[str, Any]) -> Settings:
    """Cheap hashes, everything in `folder`; sections as in the settings file."""
    values: dict[str, Any] = {"log": {"level": "error"}, **sections}
    values["passwords"] = {**CHEAP, **sections.get("passwords", {})}
    values["storage"] = {"data_dir": str(folder), **sections.get("storage", {})}
    return Settings(**values, base_dir=str(folder))


def initialise(settings: Settings, clock: Callable[[], float]) -> None:
    """What `doorward init` does to an empty folder: master key, schema, root secret, first signing keys."""
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    file = settings.data_dir / "master.key"
    if not file.exists():
        make_master_key_file(file)
    migrations.upgrade(settings.database_url)
    db = Database(settings.database_url)
    sealing.create(db, read_master_key("", file, ""), clock)
    db.close()
    services = create_services(settings, clock)
    services.ring.tick()
    services.passwords.close()
    services.db.close()


def make_template(folder: Path) -> Path:
    """An initialised installation on SQLite, to be copied."""
    initialise(make_settings(folder), time.time)
    return folder


class Compiled(BytecodeCache):
    """Templates compiled once per test process: each provider has an environment of its own."""

    def __init__(self) -> None:
        self._code: dict[str, bytes] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        if bucket.key in self._code:
            bucket.bytecode_from_string(self._code[bucket.key])

    def dump_bytecode(self, bucket: Bucket) -> None:
        self._code[bucket.key] = bucket.bytecode_to_string()


def _share_url_rules() -> None:
    """Werkzeug reads every rule and compiles functions to build its URLs; all providers here have the same routes.

    We build no URL by a route, yet each `create_app` would spend most of its time on that, thousands of times.
    """
    compile_rule, made = Rule.compile, dict[tuple[str, bool, bool], dict[str, Any]]()
    kept = ("_parts", "_trace", "_converters", "arguments", "_build", "_build_unknown")

    def shared(self: Rule) -> None:
        if self.defaults or self.host or self.subdomain:  # what is compiled depends on these, too
            compile_rule(self)
            return
        key = self.rule, bool(self.merge_slashes), bool(self.strict_slashes)
        if key not in made:
            compile_rule(self)
            made[key] = {name: getattr(self, name) for name in kept}
        for name, value in made[key].items():
            setattr(self, name, value)

    Rule.compile = shared  # type: ignore[method-assign]


_share_url_rules()
_templates = Compiled()
_statements: dict[str, dict[Any, Any]] = {}  # compiled SQL by dialect; the statements are constants of the modules
_hashes: dict[str, str] = {}


class Provider:
    """One process of the provider. `another()` is a second one on the same stores: a worker, or after a restart."""

    def __init__(self, settings: Settings, clock: Callable[[], float]) -> None:
        self.settings, self.clock = settings, clock
        self.services = create_services(settings, clock)
        self.services.db._compiled = _statements.setdefault(self.services.db.name, self.services.db._compiled)
        self.app = create_app(self.services)
        self.app.jinja_env.bytecode_cache = _templates
        self._machine = self.browser()
        self._others: list[Provider] = []

    @classmethod
    def open(cls, folder: Path, clock: Callable[[], float], template: Path | None = None, **sections: Any) -> Provider:
        """A provider of its own in `folder`: a copy of the template, or, with a database URL, made from nothing."""
        settings = make_settings(folder, **sections)
        if template is not None and not settings.storage.database_url:
            shutil.copytree(template, folder, dirs_exist_ok=True)
        else:
            initialise(settings, clock)
        return cls(settings, clock)

    def another(self) -> Provider:
        """A second process on the same stores."""
        other = Provider(self.settings, self.clock)
        self._others.append(other)
        return other

    def close(self) -> None:
        for other in self._others:
            other.close()
        self.services.passwords.close()
        self.services.state.close()
        self.services.db.close()

    @property
    def issuer(self) -> str:
        return self.services.issuer

    def browser(self, address: str = HOME) -> Browser:
        """Somebody's browser, without any cookie."""
        return Browser(self.app, self.issuer, address)

    # -- who and what is registered ------------------------------------------------------------------------------------

    def add_person(self, username: str = "ann", password: str | None = PASSWORD, **about: Any) -> Person:
        """Somebody with a password."""
        about = {"email": f"{username}@example.com", "name": username.title() + " Example", **about}
        draft = PersonDraft(username=username, **about)
        return self.services.directory.add(draft, password_hash=self._hash(password) if password else None)

    def _hash(self, password: str) -> str:
        if password not in _hashes:  # the same cost everywhere in the test run
            _hashes[password] = self.services.passwords.hash(password)
        return _hashes[password]

    def add_rule(self, **said: Any) -> str:
        """A sign-in rule, kept as the console keeps one; its id."""
        services = self.services
        return keeping.add(services.db, said, services.clock(), record=lambda *_: None).rule.id

    def add_client(
        self, name: str = "CRM", profile: str = "web", *, access: Access = EVERYONE, key: ECKey | None = None,
        **metadata: Any,
    ) -> App:  # fmt: skip
        """Register an application; where it says nothing it lives at https://crm.example/cb."""
        slug = name.lower().replace(" ", "-")
        if profile != "machine":
            metadata.setdefault("redirect_uris", [f"https://{slug}.example/cb"])
            if profile == "native" and "redirect_uris" not in metadata:
                metadata["redirect_uris"] = [f"com.example.{slug}:/cb"]
        if key is not None:
            metadata.setdefault("token_endpoint_auth_method", "private_key_jwt")
            if "jwks_uri" not in metadata:
                metadata.setdefault("jwks", {"keys": [public_jwk(key)]})
        registered = self.services.registry.register(
            Draft(name=name, profile=profile, metadata=metadata, access=access)
        )
        return App(registered.client, registered.client_secret, key)

    # -- the story, step by step ---------------------------------------------------------------------------------------

    def request(self, app: App, **overrides: Any) -> list[tuple[str, str]]:
        """The parameters of an authorization request. An override of None takes one out; a list repeats it."""
        values: dict[str, Any] = {
            "client_id": app.id, "response_type": "code", "scope": "openid profile email", "state": "st 8",
            "nonce": "n-1",
            "code_challenge": challenge_of(), "code_challenge_method": "S256",
        }  # fmt: skip
        if app.client.oidc.redirect_uris:
            values["redirect_uri"] = app.redirect_uri
        values |= overrides
        pairs: list[tuple[str, str]] = []
        for name, value in values.items():
            if isinstance(value, (list, tuple)):
                pairs += [(name, str(one)) for one in value]
            elif value is not None:
                pairs.append((name, str(value)))
        return pairs

    def authorize(self, browser: Browser, app: App, *, method: str = "GET", **overrides: Any) -> Answer:
        """Send the browser to the authorization endpoint."""
        pairs = self.request(app, **overrides)
        if method == "POST":
            return browser.post("oauth/authorize", pairs)
        return browser.get("oauth/authorize?" + urlencode(pairs))

    def sign_in(
        self, browser: Browser, app: App, login: str = "ann", password: str = PASSWORD, **overrides: Any
    ) -> Answer:
        """The whole way to the application: name and password where they are asked for, and Allow."""
        answer = self.authorize(browser, app, **overrides)
        if answer.status == 200 and answer.is_login_page:
            answer = browser.log_in(answer, login, password)
        if answer.status == 200 and answer.is_consent_page:
            answer = browser.submit(answer, "allow")
        return answer

    def post(
        self, path: str, app: App | None, data: Mapping[str, Any] | Sequence[tuple[str, str]], **headers: str
    ) -> Answer:
        """A request from the application's server, authenticated as it is registered."""
        pairs = [(k, str(v)) for k, v in _pairs(data) if v is not None]
        sent = dict(headers)
        if app is not None:
            more, proof = self.proof(app)
            pairs, sent = [*pairs, *more], {**proof, **sent}
        return self._machine.open("POST", path, pairs, sent, cookies=False)

    def proof(self, app: App) -> tuple[list[tuple[str, str]], dict[str, str]]:
        """How an application proves itself: form fields and headers."""
        if app.method == "client_secret_basic":
            return [], basic(app.id, app.secret or "")
        if app.method == "private_key_jwt":
            return list(assertion_form(self.assertion(app)).items()), {}
        return [("client_id", app.id)], {}

    def assertion(self, app: App, header: Mapping[str, Any] | None = None, key: Any = None, **claims: Any) -> str:
        """A client assertion; a claim of None is left out."""
        now = int(self.clock())
        values = {
            "iss": app.id, "sub": app.id, "aud": self.issuer, "iat": now, "exp": now + 60,
            "jti": secrets.token_urlsafe(12), **claims,
        }  # fmt: skip
        found = key or app.key
        assert found is not None
        head = {"alg": "ES256", "typ": "client-authentication+jwt", **(header or {})}
        head = {name: value for name, value in head.items() if value is not None}
        return jwt.encode(head, {k: v for k, v in values.items() if v is not None}, found)

    def redeem(self, app: App, code: str, **overrides: Any) -> Answer:
        """The token request for a code."""
        data = {
            "grant_type": "authorization_code", "code": code, "code_verifier": VERIFIER,
            "redirect_uri": app.redirect_uri, **overrides,
        }  # fmt: skip
        return self.post("oauth/token", app, data)

    def tokens(self, app: App, browser: Browser | None = None, login: str = "ann", **overrides: Any) -> dict[str, Any]:
        """Sign in and redeem: the token endpoint's answer."""
        answer = self.redeem(app, self.sign_in(browser or self.browser(), app, login, **overrides).code)
        assert answer.status == 200, answer.text
        return dict(answer.json)

    def refresh(self, app: App, refresh_token: str, **overrides: Any) -> Answer:
        return self.post(
            "oauth/token", app, {"grant_type": "refresh_token", "refresh_token": refresh_token, **overrides}
        )

    def client_credentials(self, app: App, **data: Any) -> Answer:
        return self.post("oauth/token", app, {"grant_type": "client_credentials", **data})

    def userinfo(self, token: str, **headers: str) -> Answer:
        return self._machine.open("GET", "oauth/userinfo", None, {**bearer(token), **headers}, cookies=False)

    def whoami(self, token: str) -> Answer:
        return self._machine.open("GET", "oauth/whoami", None, bearer(token), cookies=False)

    def introspect(self, app: App, token: str) -> dict[str, Any]:
        answer = self.post("oauth/introspect", app, {"token": token})
        assert answer.status == 200, answer.text
        return dict(answer.json)

    def revoke(self, app: App, token: str) -> Answer:
        return self.post("oauth/revoke", app, {"token": token})

    # -- what was recorded ---------------------------------------------------------------------------------------------

    def events(self, action: str = "", many: int = 500) -> list[audit.Event]:
        """The audit events, oldest first; of one action where it is given."""
        return [event for event in audit.tail(self.services.db, many) if not action or event.action == action]

    def counted(self, call: Callable[[], Any]) -> tuple[list[str], list[str], Any]:
        """What a call asks of the database and of the state store: SQL texts, state verbs, and its result."""
        sql: list[str] = []
        verbs: list[str] = []
        self.services.db.observer, self.services.state.observer = sql.append, verbs.append
        try:
            result = call()
        finally:
            self.services.db.observer = self.services.state.observer = None
        return sql, verbs, result


def assertion_form(assertion: str) -> dict[str, str]:
    """RFC 7523 §2.2."""
    return {
        "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
        "client_assertion": assertion,
    }


def new_key(kid: str = "k1") -> ECKey:
    """A P-256 key of an application."""
    return ECKey.generate_key("P-256", {"kid": kid, "use": "sig", "alg": "ES256"})


def public_jwk(key: Any) -> dict[str, Any]:
    """Its public part, as it is registered."""
    return dict(key.as_dict(private=False))
