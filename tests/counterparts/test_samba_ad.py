"""I3: a Samba Active Directory domain controller, as `samba-tool domain provision` makes one."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from idp.federation import checking, keeping, kinds, leaving, snapshot, templates
from idp.federation.ldap import asking, changing_password, syncing, wire
from idp.federation.provider import Provider as Upstream
from tests.counterparts.conftest import MADE
from tests.federation.directories.conftest import Company
from tests.federation.directories.tickets import ticket
from tests.provider import Answer, App, Provider

ADDRESS, URI, BASE = "127.0.0.77", "ldaps://dc1.corp.example:636", "dc=corp,dc=example"
KINDS = "msDS-SupportedEncryptionTypes"
REALM, SERVICE = "CORP.EXAMPLE", "HTTP/localhost"
ADMIN, PASSWORD, THERE = "administrator@corp.example", "Passw0rd-of-admin", "There-pass1"


class Controller:
    """The domain controller: LDAP alone, on an address of its own of the loopback."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "dc"
        bound = ["--option", f"interfaces={ADDRESS}/8", "--option", "bind interfaces only=yes"]
        self._run(
            "domain", "provision", "--realm=CORP.EXAMPLE", "--domain=CORP", f"--adminpass={PASSWORD}",
            "--server-role=dc", "--dns-backend=NONE", f"--targetdir={self.folder}", "--host-name=dc1",
            f"--host-ip={ADDRESS}", *bound,
        )  # fmt: skip
        for name in ("bea", "off", "must", "ended"):
            self.tool("user", "create", name, THERE, f"--mail-address={name}@corp.example", f"--given-name={name}")
        self.tool("user", "disable", "off")
        self.tool("user", "setexpiry", "ended", "--days=-1")
        self.tool("user", "setpassword", "must", f"--newpassword={THERE}", "--must-change-at-next-login")
        for name, member in (("Inner", "bea"), ("Outer", "Inner")):
            self.tool("group", "add", name)
            self.tool("group", "addmembers", name, member)
        self.tool("user", "create", "doorward-http", "--random-password")
        self.tool("spn", "add", SERVICE, "doorward-http")
        command = ["samba", "-i", "-s", str(self.config), "--option=server services=ldap kdc", "--debuglevel=0"]
        self._process = subprocess.Popen(
            command,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            cwd=folder,  # it leaves its number there
        )

    @property
    def config(self) -> Path:
        return self.folder / "etc/smb.conf"

    @property
    def authority(self) -> str:
        """The certificate of its own authority, which it makes at its first start."""
        file, until = self.folder / "private/tls/ca.pem", time.monotonic() + 60
        while not (file.exists() and file.stat().st_size) and time.monotonic() < until:
            time.sleep(0.1)
        return file.read_text()

    def keytab(self) -> Path:
        """The keys of the service, with AES as an admin of the domain lets it have."""
        aes = f"dn: CN=doorward-http,CN=Users,{BASE}\nchangetype: modify\nreplace: {KINDS}\n{KINDS}: 24\n"
        command = ["ldapmodify", "-H", URI.replace("dc1.corp.example", ADDRESS), "-x", "-D", ADMIN, "-w", PASSWORD]
        environ = {**os.environ, "LDAPTLS_REQCERT": "never"}
        subprocess.run(command, input=aes.encode(), env=environ, check=True, capture_output=True, timeout=60)
        file = self.folder / "http.keytab"
        if not file.exists():
            self._run("domain", "exportkeytab", str(file), f"--principal={SERVICE}", "-s", str(self.config))
        return file

    def library(self) -> Path:
        """What a client of the domain is told by."""
        file = self.folder / "krb5.conf"
        file.write_text(
            f"[libdefaults]\ndefault_realm = {REALM}\ndns_lookup_kdc = false\ndns_canonicalize_hostname = false\n"
            f"[realms]\n{REALM} = {{\n kdc = {ADDRESS}\n}}\n"
        )
        return file

    def sign_in(self, name: str) -> Path:
        """Their computer's ticket."""
        cache = self.folder / f"cache-{name}"
        environ = {**os.environ, "KRB5_CONFIG": str(self.library())}
        command = ["kinit", "-c", f"FILE:{cache}", name]
        subprocess.run(command, input=f"{THERE}\n".encode(), env=environ, check=True, capture_output=True, timeout=60)
        return cache

    def tool(self, *words: str) -> None:
        self._run(*words, "-H", str(self.folder / "private/sam.ldb"), "-s", str(self.config))

    def _run(self, *words: str) -> None:
        subprocess.run(["samba-tool", *words], check=True, capture_output=True, timeout=240)

    def stop(self) -> None:
        os.killpg(self._process.pid, signal.SIGTERM)
        self._process.wait(30)


@pytest.fixture(scope="module")
def there(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Controller]:
    if shutil.which("samba") is None or shutil.which("samba-tool") is None or os.getuid():
        why = "needs Samba's domain controller (see `counterparts` in the Makefile) and the ports 389 and 636, as root"
        pytest.fail(why) if os.environ.get(MADE) and not os.getuid() else pytest.skip(why)
    made = Controller(tmp_path_factory.mktemp("samba"))
    yield made
    made.stop()


@pytest.fixture
def company(open_provider: Callable[..., Provider], there: Controller, monkeypatch: pytest.MonkeyPatch) -> Company:
    provider = open_provider(outbound={"allow": [URI]})
    monkeypatch.setattr(provider.services.outbound, "_resolver", lambda host, port: [ADDRESS])
    return Company(provider, there)  # type: ignore[arg-type]


def add(company: Company, **more: object) -> Upstream:
    """By its template, as an admin fills it in."""
    services = company.provider.services
    said = templates.filled("active-directory", {"host": "dc1.corp.example", "base": BASE, "bind": ADMIN}, {
        "ca": company.there.authority, "name": "Company", "create": True, "groups": {"Outer": "Outer"}, **more,
    })  # fmt: skip
    one, now = checking.checked(said), services.clock()
    kept = keeping.add(services.db, services.sealer, one, PASSWORD, now, record=lambda *_: None)
    services.part(snapshot.Providers).forget()
    until = time.monotonic() + 60
    while not all(found.ok for found in tried(company, kept.provider)) and time.monotonic() < until:
        time.sleep(0.2)
    return kept.provider


def tried(company: Company, one: Upstream) -> tuple[object, ...]:
    services = company.provider.services
    kept = keeping.find(services.db, one.id)
    assert kept is not None
    return kinds.of(one).test(services, leaving.trial(services, kept))


def test_i3_somebody_of_the_domain_signs_in_and_brings_the_groups_of_their_groups(company: Company) -> None:
    add(company)
    crm: App = company.provider.add_client("CRM")
    bea = company.person(company.sign_in(crm, "bea", THERE), crm)
    assert (bea.username, bea.groups) == ("bea", ("Outer",))
    assert company.person(company.sign_in(crm, "bea@corp.example", THERE), crm).id == bea.id


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("off", "Your account at Company is turned off"),
        ("must", "You have to choose a new password at Company"),
        ("ended", "Your account at Company has ended"),
    ],
)
def test_i3_what_the_controller_says_is_told_with_the_right_password_alone(
    company: Company, name: str, told: str
) -> None:
    add(company)
    crm = company.provider.add_client("CRM")
    assert told in company.sign_in(crm, name, THERE).dom.text
    assert "is not right" in company.sign_in(crm, name, "wrong").dom.text


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A controller on a busy machine may take its time: what it answers is looked at here."""
    monkeypatch.setattr(asking, "SERVER_SECONDS", 15.0)
    monkeypatch.setattr(asking, "ALL_SECONDS", 20.0)
    monkeypatch.setattr(wire, "CONNECT_SECONDS", 10.0)
    monkeypatch.setattr(changing_password, "CHANGE_SECONDS", 15.0)


@pytest.mark.usefixtures("patient")
def test_i3_a_password_is_changed_at_the_controller_by_its_own_rules(company: Company) -> None:
    there: Controller = company.there  # type: ignore[assignment]
    add(company, changes_passwords=True)
    crm = company.provider.add_client("CRM")
    there.tool("user", "create", "cleo", THERE)
    there.tool("user", "create", "soon", THERE, "--must-change-at-next-login")
    there.tool("domain", "passwordsettings", "set", "--min-pwd-age=0")
    browser = company.provider.browser()
    answer = company.sign_in(crm, "cleo", THERE, browser)
    assert answer.is_redirect, answer.dom.text

    def change(old: str, new: str) -> Answer:
        return browser.submit(browser.get("password/directory"), current=old, password=new, confirm=new)

    assert "asks for a longer password" in change(THERE, "A-b3").dom.text
    assert "too simple for Company" in change(THERE, "onlysmallletters").dom.text
    assert "The current password is not right" in change("another", "There-pass2").dom.text
    assert change(THERE, "There-pass2").is_redirect
    assert "had this password at Company before" in change("There-pass2", THERE).dom.text
    assert company.sign_in(crm, "cleo", "There-pass2").is_redirect
    there.tool("domain", "passwordsettings", "set", "--min-pwd-age=1")
    assert "again so soon" in change("There-pass2", "There-pass3").dom.text
    there.tool("domain", "passwordsettings", "set", "--min-pwd-age=0")
    page = company.sign_in(crm, "soon", THERE)  # 773
    assert "Company asks for a new one" in page.dom.text


@pytest.mark.usefixtures("patient")
def test_i3_who_has_to_change_their_password_there_does_so_and_is_in(company: Company) -> None:
    there: Controller = company.there  # type: ignore[assignment]
    add(company, changes_passwords=True)
    crm = company.provider.add_client("CRM")
    there.tool("user", "create", "dina", THERE, "--must-change-at-next-login")
    browser = company.provider.browser()
    page = company.sign_in(crm, "dina", THERE, browser)
    assert company.person(browser.submit(page, new="There-pass9", confirm="There-pass9"), crm).username == "dina"


def test_i3_a_look_at_everybody_goes_on_from_its_update_number(company: Company) -> None:
    one = add(company)
    services = company.provider.services
    kept = keeping.find(services.db, one.id)
    assert kept is not None
    first = syncing.sync(services, leaving.trial(services, kept), syncing.How())
    assert first.made >= 2
    second = syncing.sync(services, leaving.trial(services, kept), syncing.How())
    assert (second.looked_at, second.off) == (0, 0)
    company.there.tool("user", "disable", "bea")
    third = syncing.sync(services, leaving.trial(services, kept), syncing.How())
    assert (third.off, third.who) == (1, ("bea",))
    company.there.tool("user", "enable", "bea")
    assert syncing.sync(services, leaving.trial(services, kept), syncing.How()).on == 1


@pytest.fixture
def office(
    open_provider: Callable[..., Provider], there: Controller, monkeypatch: pytest.MonkeyPatch, company: Company
) -> Company:
    """The same with a keytab of the domain."""
    pytest.importorskip("gssapi")
    add(company)  # once it answers
    provider = open_provider(
        outbound={"allow": [URI]}, kerberos={"keytab": str(there.keytab())}, server={"issuer": "http://localhost:8000"}
    )  # fmt: skip
    monkeypatch.setattr(provider.services.outbound, "_resolver", lambda host, port: [ADDRESS])
    monkeypatch.setenv("KRB5_CONFIG", str(there.library()))
    return Company(provider, there)  # type: ignore[arg-type]


WINDOWS = {"kerberos_networks": ["203.0.113.0/24"], "kerberos_realms": [REALM]}


def come(office: Company, crm: App, header: str) -> Answer:
    browser = office.provider.browser()
    browser.headers["Accept"] = "text/html"
    page = office.provider.authorize(browser, crm)
    assert (page.status, page.headers["WWW-Authenticate"]) == (401, "Negotiate")
    return browser.get(page.url, headers={"Authorization": header})


@pytest.mark.spec("RFC4559 4.1")
def test_i4_a_ticket_of_the_domain_is_who_has_its_sid_whatever_its_name(office: Company) -> None:
    one = add(office, **WINDOWS)
    told = {found.what.partition(":")[0]: found for found in tried(office, one)}  # type: ignore[attr-defined]
    assert {"keytab", "name", f"account of {SERVICE}", "clock"} <= set(told)
    crm: App = office.provider.add_client("CRM")
    there: Controller = office.there  # type: ignore[assignment]
    there.tool("user", "create", "eve", THERE)
    there.tool("user", "create", "fay", THERE)
    eve = there.sign_in("eve")
    found = office.person(come(office, crm, ticket(eve, SERVICE)), crm)
    assert found.username == "eve"
    header = ticket(eve, SERVICE)
    there.tool("user", "rename", "eve", "--samaccountname=eve2", "--upn=eve2@corp.example")
    there.tool("user", "rename", "fay", "--samaccountname=eve")  # who has her name now is somebody else
    answer = come(office, crm, header)
    assert not answer.is_redirect
    assert office.provider.events("error:kerberos_principal")
