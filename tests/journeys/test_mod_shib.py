"""Apache's mod_shib, as Debian ships it, over HTTP: OpenSAML on the other side, with its own daemon.

One installation for each way: what the two sides know of each other's sign-on and logout goes by one binding alone.
"""

from __future__ import annotations

import os
import re
import time
from base64 import b64decode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
import requests
from lxml import etree

from idp.saml.messages import names
from tests.backends import find_free_port
from tests.journeys import apache
from tests.journeys.relying import site as application
from tests.journeys.relying import with_authlib
from tests.journeys.visiting import Visitor, is_sign_in_page
from tests.leftovers import watch
from tests.provider import PASSWORD, Dom
from tests.saml.relying import NS
from tests.server import Server, running, unique

SHIBD = Path("/usr/sbin/shibd")
MODULE = Path(f"{apache.MODULES}/mod_shib.so")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not MODULE.exists(), reason="needs the Debian package libapache2-mod-shib"),
]

NAME = "Älice & <Bob>"
#: By which binding each installation signs people on, and out.
WAYS = {
    "redirect": (names.HTTP_REDIRECT, names.HTTP_REDIRECT),
    "post": (names.HTTP_POST, names.HTTP_POST),
    "soap": (names.HTTP_REDIRECT, names.SOAP_BINDING),
}
APACHE = """
ShibConfig {folder}/shibboleth2.xml
ShibCompatValidUser On
UseCanonicalName On
ServerName http://127.0.0.1:{port}
<Location />
  AuthType shibboleth
  ShibRequestSetting requireSession true
  ShibRequestSetting redirectErrors /failed.html
  Require valid-user
</Location>
<Location /lazy>
  AuthType shibboleth
  ShibRequestSetting requireSession false
  Require shibboleth
</Location>
<Location /failed.html>
  ShibRequestSetting requireSession false
  Require shibboleth
</Location>
<Location /Shibboleth.sso>
  ShibRequestSetting requireSession false
  Require shibboleth
</Location>
"""
# The algorithms: for ECP it does not know yet whom it asks, and would sign by SHA-1. And artifacts go over plain http.
SETTINGS = """<?xml version="1.0"?>
<SPConfig xmlns="urn:mace:shibboleth:3.0:native:sp:config" clockSkew="180">
  <OutOfProcess logger="{folder}/shibd.logger"/>
  <InProcess logger="{folder}/native.logger"/>
  <UnixListener address="{folder}/shibd.sock"/>
  <ApplicationDefaults entityID="{url}/shibboleth" homeURL="{url}/" REMOTE_USER="uid" signing="true"
    signingAlg="{sha256}" digestAlg="{digest}" requireConfidentiality="false">
    <Sessions lifetime="28800" timeout="3600" checkAddress="false" handlerSSL="false" cookieProps="http"
      redirectLimit="none">
      <SSO entityID="{idp}" ECP="true" ignoreNoPassive="true">SAML2</SSO>
      <Logout asynchronous="false">SAML2 Local</Logout>
      <LogoutInitiator type="SAML2" Location="/LeaveAndForget" asynchronous="true"/>
      <Handler type="MetadataGenerator" Location="/Metadata" signing="false"/>
    </Sessions>
    <Errors supportContact="root@localhost"/>
    <MetadataProvider type="XML" validate="true" path="{folder}/idp.xml"/>
    <AttributeExtractor type="XML" validate="true" path="{folder}/attribute-map.xml"/>
    <AttributeFilter type="XML" validate="true" path="/etc/shibboleth/attribute-policy.xml"/>
    <CredentialResolver type="File" key="{folder}/key.pem" certificate="{folder}/certificate.pem"/>
  </ApplicationDefaults>
  <SecurityPolicyProvider type="XML" validate="true" path="/etc/shibboleth/security-policy.xml"/>
  <ProtocolProvider type="XML" validate="true" path="/etc/shibboleth/protocols.xml"/>
</SPConfig>
"""
LOGGER = """log4j.rootCategory=INFO, file
log4j.appender.file=org.apache.log4j.FileAppender
log4j.appender.file.fileName={file}
log4j.appender.file.layout=org.apache.log4j.PatternLayout
log4j.appender.file.layout.ConversionPattern=%d %p %c: %m%n
"""
MAP = """<Attributes xmlns="urn:mace:shibboleth:2.0:attribute-map" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">
  <Attribute name="urn:oid:0.9.2342.19200300.100.1.1" id="uid"/>
  <Attribute name="urn:oid:2.16.840.1.113730.3.1.241" id="displayName"/>
  <Attribute name="urn:oid:0.9.2342.19200300.100.1.3" id="mail"/>
  <Attribute name="urn:oid:1.3.6.1.4.1.5923.1.1.1.6" id="eppn">
    <AttributeDecoder xsi:type="ScopedAttributeDecoder" caseSensitive="false"/>
  </Attribute>
  {name_ids}
</Attributes>
"""
NAME_ID = """<Attribute name="{format}" id="nameid">
    <AttributeDecoder xsi:type="NameIDAttributeDecoder" formatter="$Format $Name $NameQualifier $SPNameQualifier"/>
  </Attribute>"""
FORMATS = {
    names.NAMEID_PERSISTENT: "[a-z2-7]{32} {idp} {sp}",
    names.NAMEID_TRANSIENT: "_[0-9a-f]{40} {idp} {sp}",
    names.NAMEID_EMAIL: "{login}@example.com",
    names.NAMEID_UNSPECIFIED: "{login}",
}
PAGE = "\n".join(
    f'<p id="{id}"><!--#echo encoding="{how}" var="{name}" --></p>'
    for id, how, name in (
        ("user", "entity", "REMOTE_USER"), ("name", "entity", "displayName"), ("mail", "entity", "mail"),
        ("eppn", "entity", "eppn"), ("nameid", "entity", "nameid"), ("when", "none", "Shib-Authentication-Instant"),
    )
)  # fmt: skip


@dataclass(frozen=True)
class Shibboleth:
    """An Apache with mod_shib, registered with the provider that it trusts."""

    server: Server
    url: str
    client_id: str
    folder: Path

    def login_url(self, **options: str) -> str:
        return f"{self.url}/Shibboleth.sso/Login?{urlencode({'target': self.url + '/', **options})}"

    @property
    def log(self) -> str:
        return "".join(f"--- {p.name}\n{p.read_text()[-9000:]}\n" for p in self.folder.glob("*log"))


def only(metadata: bytes, sign_on: str, logout: str) -> bytes:
    """Metadata of either side with one way to sign on and one to sign out; ECP and artifacts stay."""
    root = etree.fromstring(metadata)
    kept = {"SingleSignOnService": (sign_on, names.SOAP_BINDING), "SingleLogoutService": (logout,)}
    for name, those in kept.items():
        for node in list(root.iter(f"{{{names.MD}}}{name}")):
            role = node.getparent()
            if role is not None and node.get("Binding") not in those:
                role.remove(node)
    return etree.tostring(root)


@contextmanager
def shibboleth(run: int, way: str) -> Iterator[Shibboleth]:
    """A provider, and the two programs beside it; they know each other by metadata alone."""
    port = find_free_port()
    url = f"http://127.0.0.1:{port}"
    with running(run, workers=2, outbound={"allow": [url]}) as server, apache.made_folder(run) as folder:
        metadata = requests.get(f"{server.issuer}/saml/metadata", timeout=20).content
        (folder / "idp.xml").write_bytes(only(metadata, *WAYS[way]))
        entity_id = etree.fromstring(metadata).get("entityID")
        (folder / "shibboleth2.xml").write_text(SETTINGS.format(
            folder=folder, url=url, idp=entity_id, sha256=names.RSA_SHA256, digest=names.SHA256,
        ))  # fmt: skip
        told = "".join(NAME_ID.format(format=one) for one in FORMATS)
        (folder / "attribute-map.xml").write_text(MAP.format(name_ids=told))
        for name in ("shibd", "native"):
            (folder / f"{name}.logger").write_text(LOGGER.format(file=folder / f"{name}.log"))
            (folder / f"{name}.log").touch(0o666)
            (folder / f"{name}.log").chmod(0o666)
        for page in ("index.html", "lazy/index.html"):
            (folder / "pages" / page).parent.mkdir(exist_ok=True)
            (folder / "pages" / page).write_text(PAGE)
        (folder / "pages" / "failed.html").write_text("<h1>Refused by the service provider</h1>")
        with daemon(run, folder), apache.serving(run, folder, port, "shib", APACHE.format(folder=folder, port=port)):
            said = requests.get(f"{url}/Shibboleth.sso/Metadata", timeout=20)
            assert said.ok, said.text
            (folder / "sp.xml").write_bytes(only(said.content, *WAYS[way]))
            made = server.cli_json(
                "client", "add", "saml", "--name", unique("Shibboleth"), "--metadata", str(folder / "sp.xml"),
                "--set", "require_signed_requests=true", "--json",
            )  # fmt: skip
            yield Shibboleth(server, url, made["client_id"], folder)


@contextmanager
def daemon(run: int, folder: Path) -> Iterator[None]:
    command = [str(SHIBD), "-f", "-F", "-c", str(folder / "shibboleth2.xml"), "-p", str(folder / "shibd.pid")]
    path = {name: value for name, value in os.environ.items() if name in ("PATH", "LANG")}
    with apache.started(command, **path) as process:
        (folder / "shibd.pid").write_text(str(process.pid))
        watch(run, folder, "shibd.pid", "-TERM")
        apache.wait_for(process, (folder / "shibd.sock").exists, folder / "shibd.log")
        yield


@pytest.fixture(scope="module", params=list(WAYS))
def way(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def site(run_pid: int, way: str) -> Iterator[Shibboleth]:
    with shibboleth(run_pid, way) as made:
        yield made


@pytest.fixture
def login(site: Shibboleth) -> str:
    return site.server.add_person(unique("ann"), name=NAME).username


def ask(visitor: Visitor, url: str) -> requests.Response:
    """Open a page of the site, and go on where a form of it asks by POST."""
    page = visitor.open(url)
    if page.status_code == 200 and Dom(page.text).find("input", name="SAMLRequest"):
        page = visitor.press(page)
    return page


def sign_in(visitor: Visitor, site: Shibboleth, login: str) -> requests.Response:
    page = ask(visitor, site.url + "/")
    assert is_sign_in_page(page, site.server.issuer), (page.url, page.text, site.log)
    return visitor.press(page, login=login, password=PASSWORD)


def shown(page: requests.Response, id: str) -> str:
    """What the page shows of the assertion."""
    page.encoding = "utf-8"
    found = re.search(rf'<p id="{id}">(.*?)</p>', page.text)
    return "" if found is None else found[1].replace("(none)", "")


def is_open(site: Shibboleth, page: requests.Response, login: str) -> bool:
    assert page.url.startswith(site.url), (page.url, page.text, site.log)
    assert "/failed.html" not in page.url, (page.url, site.log)
    return shown(page, "user") == login


def last_response(visitor: Visitor) -> Any:
    return etree.fromstring(b64decode(visitor.posted[-1][1]["SAMLResponse"]))


def codes(root: Any) -> list[str]:
    return [node.get("Value", "").rpartition(":")[2] for node in root.iterfind(".//samlp:StatusCode", NS)]


# -- signing in --------------------------------------------------------------------------------------------------------


def test_shibboleth_signs_in_by_a_signed_request_and_reads_what_is_encrypted(site: Shibboleth, login: str) -> None:
    """By Redirect and by POST; unsigned requests of it would be refused, as its registration says."""
    visitor = Visitor()
    page = sign_in(visitor, site, login)
    assert is_open(site, page, login)
    assert shown(page, "name") == "Älice &amp; &lt;Bob&gt;"
    assert shown(page, "mail") == f"{login}@example.com"
    # MEASURED before: without shibmd:Scope it drops what is scoped.
    assert shown(page, "eppn").startswith(login)
    response = last_response(visitor)
    assert response.find("saml:EncryptedAssertion", NS) is not None
    assert response.find("saml:Assertion", NS) is None


def test_an_unsigned_request_of_it_is_refused(site: Shibboleth, way: str) -> None:
    """The same request without its signature: so the ones above were signed, and it counted."""
    page = requests.get(site.login_url(), timeout=20, allow_redirects=False)
    if way == "post":
        fields = dict(Dom(page.text).forms[0].fields)
        root = etree.fromstring(b64decode(fields["SAMLRequest"]))
        assert root.find("ds:Signature", NS) is not None
        return
    location = page.headers["Location"]
    assert "&Signature=" in location
    assert requests.get(location.partition("&SigAlg=")[0], timeout=20).status_code == 400


def test_where_there_is_a_session_it_opens_without_a_prompt(site: Shibboleth, login: str) -> None:
    visitor = Visitor()
    visitor.press(visitor.open(site.server.issuer), login=login, password=PASSWORD)
    assert is_open(site, ask(visitor, site.url + "/"), login)


def test_force_authn_asks_again(site: Shibboleth, login: str) -> None:
    visitor = Visitor()
    first = sign_in(visitor, site, login)
    page = ask(visitor, site.login_url(forceAuthn="true"))
    assert is_sign_in_page(page, site.server.issuer), (page.url, site.log)
    again = visitor.press(page, login=login, password=PASSWORD)
    assert is_open(site, again, login)
    assert shown(again, "when") >= shown(first, "when") > ""


def test_is_passive_with_a_session_and_without(site: Shibboleth, login: str) -> None:
    visitor, lazy = Visitor(), f"{site.url}/lazy/"
    page = ask(visitor, site.login_url(isPassive="true", target=lazy))
    assert codes(last_response(visitor)) == ["Responder", "NoPassive"]
    assert (page.url, shown(page, "user")) == (lazy, "")  # it takes the answer for what it is, and goes on without
    visitor.press(visitor.open(site.server.issuer), login=login, password=PASSWORD)
    page = ask(visitor, site.login_url(isPassive="true", target=lazy))
    assert (page.url, shown(page, "user")) == (lazy, login), site.log


def test_every_format_of_the_name_id_that_it_asks_for_is_given(site: Shibboleth, login: str) -> None:
    visitor = Visitor()
    visitor.press(visitor.open(site.server.issuer), login=login, password=PASSWORD)
    for format_uri, shape in FORMATS.items():
        page = ask(visitor, site.login_url(NameIDFormat=format_uri))
        assert is_open(site, page, login)
        told, value = shown(page, "nameid").split(" ", 1)
        assert told == format_uri
        idp, sp = f"{site.server.issuer}/saml/metadata", f"{site.url}/shibboleth"
        expected = shape.replace("{login}", login).replace("{idp}", re.escape(idp)).replace("{sp}", re.escape(sp))
        assert re.fullmatch(expected, value.strip()), (value, expected)


def test_relay_state_of_more_than_200_bytes_comes_back(site: Shibboleth, login: str) -> None:
    visitor = Visitor()
    visitor.press(visitor.open(site.server.issuer), login=login, password=PASSWORD)
    target = f"{site.url}/?{urlencode({'q': 'r&<> ü' * 20})}"
    page = ask(visitor, site.login_url(target=target))
    assert visitor.posted[-1][1]["RelayState"] == target
    assert len(target) > 200
    assert page.url == target
    assert shown(page, "user") == login


def test_a_sign_in_begins_here(site: Shibboleth, login: str) -> None:
    """Prof §4.1.5."""
    visitor = Visitor()
    visitor.press(visitor.open(site.server.issuer), login=login, password=PASSWORD)
    page = visitor.press(visitor.open(f"{site.server.issuer}/saml/start/{site.client_id}"))
    assert is_open(site, page, login)
    assert last_response(visitor).get("InResponseTo") is None


def test_a_response_is_taken_once(site: Shibboleth, login: str) -> None:
    visitor = Visitor()
    assert is_open(site, sign_in(visitor, site, login), login)
    action, fields = visitor.posted[-1]
    refused = Visitor().send(action, **fields)
    assert "Refused by the service provider" in refused.text, (refused.url, refused.text)
    assert "replay" in (site.folder / "shibd.log").read_text().lower()


def test_a_response_comes_by_artifact(site: Shibboleth, login: str) -> None:
    """The browser carries 44 bytes; shibd asks for the rest by SOAP, signed."""
    visitor = Visitor()
    visitor.press(visitor.open(site.server.issuer), login=login, password=PASSWORD)
    root = etree.fromstring((site.folder / "sp.xml").read_bytes())
    [index] = [
        node.get("index")
        for node in root.iter(f"{{{names.MD}}}AssertionConsumerService")
        if node.get("Binding") == names.HTTP_ARTIFACT
    ]
    assert is_open(site, ask(visitor, site.login_url(acsIndex=str(index))), login)
    assert visitor.posted == []


def test_a_client_without_a_browser_signs_in_by_ecp(site: Shibboleth, login: str) -> None:
    """Prof §4.2, ECP 2.0: PAOS from the service provider, SOAP and HTTP Basic to us, and back."""
    soap = f"{{{names.SOAP}}}"
    web = requests.Session()
    paos = {
        "Accept": "text/html; application/vnd.paos+xml",
        "PAOS": 'ver="urn:liberty:paos:2003-08";"urn:oasis:names:tc:SAML:2.0:profiles:SSO:ecp"',
    }
    first = web.get(site.url + "/", headers=paos, timeout=20)
    assert first.headers["Content-Type"].startswith("application/vnd.paos+xml"), first.text
    envelope = etree.fromstring(first.content)
    header = envelope.find(soap + "Header")
    assert header is not None
    relay_state = header.find(f"{{{names.ECP}}}RelayState")
    request = header.find(f"{{{names.PAOS_NS}}}Request")
    assert request is not None
    envelope.remove(header)
    answer = requests.post(
        f"{site.server.issuer}/saml/ecp", data=etree.tostring(envelope), auth=(login, PASSWORD), timeout=20,
        headers={"Content-Type": "text/xml"},
    )  # fmt: skip
    assert answer.status_code == 200, (answer.text, etree.tostring(envelope), site.server.cli("audit", "tail").stdout)
    back = etree.fromstring(answer.content)
    header = back.find(soap + "Header")
    assert header is not None
    said = header.find(f"{{{names.ECP}}}Response")
    assert said is not None
    assert said.get("AssertionConsumerServiceURL") == request.get("responseConsumerURL")
    for node in list(header):
        header.remove(node)
    if relay_state is not None:
        header.append(relay_state)
    done = web.post(
        str(request.get("responseConsumerURL")), data=etree.tostring(back), timeout=20,
        headers={"Content-Type": "application/vnd.paos+xml"},
    )  # fmt: skip
    assert is_open(site, done, login), site.log


# -- signing out -------------------------------------------------------------------------------------------------------


def test_signing_out_there_ends_the_sign_in_here_and_at_the_others(site: Shibboleth, login: str) -> None:
    visitor = Visitor()
    assert is_open(site, sign_in(visitor, site, login), login)
    with application(site.server, with_authlib) as crm:
        visitor.open(crm.url)
        token = visitor.open(crm.url).json()
        assert token["name"] == NAME
        bye = f"{site.url}/lazy/?bye"
        page = visitor.open(f"{site.url}/Shibboleth.sso/Logout?{urlencode({'return': bye})}")
        page = press_through(visitor, page)
    assert site.url in page.url, (page.url, page.text, site.log)
    assert is_sign_in_page(visitor.open(site.server.issuer), site.server.issuer)
    assert is_sign_in_page(ask(visitor, site.url + "/"), site.server.issuer)


def test_signing_out_there_without_waiting_for_an_answer_ends_here(site: Shibboleth, way: str, login: str) -> None:
    """Its own default: aslo:Asynchronous in the request, so nobody is led back."""
    visitor = Visitor()
    assert is_open(site, sign_in(visitor, site, login), login)
    page = press_through(visitor, visitor.open(f"{site.url}/Shibboleth.sso/LeaveAndForget"))
    if way != "soap":
        assert page.url.startswith(f"{site.server.issuer}/saml/slo"), (page.url, site.log)
        assert "signed out" in Dom(page.text).text
    assert is_sign_in_page(visitor.open(site.server.issuer), site.server.issuer)


def test_signing_out_there_alone_is_confirmed(site: Shibboleth, login: str) -> None:
    visitor = Visitor()
    assert is_open(site, sign_in(visitor, site, login), login)
    bye = f"{site.url}/lazy/?bye"
    page = press_through(visitor, visitor.open(f"{site.url}/Shibboleth.sso/Logout?{urlencode({'return': bye})}"))
    assert page.url == bye, (page.url, page.text, site.log)
    assert is_sign_in_page(visitor.open(site.server.issuer), site.server.issuer)


def test_signing_out_here_ends_the_session_there(site: Shibboleth, login: str) -> None:
    """By the browser's way or by SOAP; the page tells that the service provider has confirmed."""
    visitor = Visitor()
    assert is_open(site, sign_in(visitor, site, login), login)
    page = visitor.press(visitor.open(f"{site.server.issuer}/logout"))
    page = press_through(visitor, page)
    assert page.url.startswith(site.server.issuer)
    assert "It has confirmed that you are signed out" in Dom(page.text).text, (page.text, site.log)
    assert is_sign_in_page(ask(visitor, site.url + "/"), site.server.issuer)


def test_an_account_that_is_disabled_is_out_there_too(site: Shibboleth, way: str, login: str) -> None:
    """Without the browser: by SOAP, where it has that."""
    visitor = Visitor()
    assert is_open(site, sign_in(visitor, site, login), login)
    if way != "soap":
        person = site.server.services.directory.find_by_login(login)
        assert person is not None
        site.server.services.directory.disable(person.id)
        assert is_open(site, visitor.open(site.url + "/"), login)  # nobody could tell it
        return
    site.server.cli_json("user", "disable", login, "--json")  # a process that ends at once
    deadline = time.monotonic() + 20
    while is_still_in(visitor, site):
        assert time.monotonic() < deadline, site.log + site.server.log
        time.sleep(0.2)


def is_still_in(visitor: Visitor, site: Shibboleth) -> bool:
    return visitor.web.get(site.url + "/", timeout=20, allow_redirects=False).status_code == 200


def press_through(visitor: Visitor, page: requests.Response) -> requests.Response:
    """Forms of the site's own that a script would send: logout messages by POST."""
    for _ in range(4):
        dom = Dom(page.text)
        if not any(dom.find("input", name=name) for name in ("SAMLRequest", "SAMLResponse")):
            return page
        page = visitor.press(page)
    return page
