"""Clients prove themselves, and tokens are bound, by certificates (RFC 8705). S28, S14, S53."""

from __future__ import annotations

import subprocess
import textwrap
from base64 import b64encode
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import quote

import pytest
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID

from clients.registry import Draft
from idp import arrivals
from idp.admin.attention import installation
from tests.backends import Clock
from tests.oidc import certificates
from tests.oidc.certificates import HEADER, NAMES, PROXY, WRITTEN, Pair, key_usage, pair, send, token
from tests.oidc.test_client_auth import by_assertion
from tests.oidc.test_dpop import proof
from tests.oidc.test_pushed_requests import come, done
from tests.provider import VERIFIER, Answer, App, Provider, basic, bearer, new_key

DN = "CN=app,O=Example,C=DE"
Open = Callable[..., Provider]


@dataclass
class House:
    """A provider behind a proxy, an authority, and a certificate of it."""

    provider: Provider
    authority: Pair
    app: Pair

    def robot(self, name: str = "Robot", **metadata: Any) -> App:
        """A program that is known by its certificate's name."""
        metadata.setdefault("token_endpoint_auth_method", "tls_client_auth")
        if metadata["token_endpoint_auth_method"] == "tls_client_auth" and not any(
            "tls_client_auth_" in m for m in metadata
        ):
            metadata["tls_client_auth_subject_dn"] = DN
        return self.provider.add_client(name, "machine", scope="read", **metadata)

    def finding(self) -> dict[str, Any]:
        """What was found of the last refusal."""
        return dict(next(one for one in self.provider.events()[-1].detail["findings"] if one["weight"] == "wrong"))


@pytest.fixture
def open_house(open_provider: Open, tmp_path: Path, clock: Clock) -> Callable[..., House]:
    def open_one(named: str = "nginx", **oauth: Any) -> House:
        authority = pair("CN=Authority", now=clock(), ca=True)
        provider = open_provider(**certificates.settings(tmp_path, authority, named, **oauth))
        return House(provider, authority, pair(DN, authority, now=clock(), names=NAMES))

    return open_one


@pytest.fixture
def house(open_house: Callable[..., House]) -> House:
    return open_house()


def version_1(house: House, now: float) -> Pair:
    """As `openssl x509 -req` makes one without extensions."""
    shown = pair(DN, now=now)
    with TemporaryDirectory() as folder:
        for name, text in (("ca", house.authority.pem), ("cakey", house.authority.key_pem), ("key", shown.key_pem)):
            Path(folder, name).write_text(text)
        subprocess.run(
            ["openssl", "req", "-new", "-key", "key", "-subj", "/C=DE/O=Example/CN=app", "-out", "csr"],
            cwd=folder, check=True, capture_output=True,
        )  # fmt: skip
        made = subprocess.run(
            ["openssl", "x509", "-req", "-in", "csr", "-CA", "ca", "-CAkey", "cakey", "-set_serial", "1"],
            cwd=folder, check=True, capture_output=True,
        )  # fmt: skip
    return Pair(x509.load_pem_x509_certificate(made.stdout), shown.key)


# -- where it comes from -----------------------------------------------------------------------------------------------


@pytest.mark.spec("RFC 9440 2")
@pytest.mark.parametrize("named", WRITTEN)
def test_S28_each_proxys_way_to_write_a_certificate_is_read(open_house: Callable[..., House], named: str) -> None:
    house = open_house(named)
    header = "Client-Cert" if named == "rfc9440" else HEADER
    robot = house.robot()
    answer = token(house.provider, robot, house.app, named=named, header=header)
    assert answer.status == 200, answer.text
    seen = send(house.provider, "oauth/certificate", house.app, method="GET", named=named, header=header).json
    assert (seen["thumbprint"], seen["authority"]) == (house.app.thumbprint, "known")
    assert seen["names"]["tls_client_auth_subject_dn"] == DN  # ready to be registered


def test_S14_S28_a_header_from_elsewhere_is_ignored_and_noted(house: House) -> None:
    robot = house.robot()
    for address in ("203.0.113.9", "10.0.0.10"):
        answer = token(house.provider, robot, house.app, address=address)
        assert (answer.status, answer.error) == (401, "invalid_client")
        found = house.finding()
        assert (found["code"], found["side"], found["field"]) == (
            "certificate_untrusted", "doorward", "server.trusted_proxies",
        )  # fmt: skip
        assert address in found["got"]
        assert address not in answer.text
    from idp.installation.checks import network

    told = [one for one in network.examine_traffic(house.provider.services) if "certificate" in one.text]
    assert "server.trusted_proxies" in told[0].text
    assert "10.0.0.10" in told[0].text


def test_S14_nobody_stands_in_for_the_header_by_another_spelling(house: House) -> None:
    """WSGI writes `-` and `_` alike; the server of ours leaves such names out, and others are not believed."""
    robot = house.robot()
    browser = house.provider.browser(PROXY)
    form = {"grant_type": "client_credentials", "client_id": robot.id}
    environ = {"HTTP_X_FORWARDED_CLIENT_CERT": WRITTEN["nginx"](house.app), "SERVER_SOFTWARE": "Granian"}
    assert browser.open("POST", "oauth/token", form, environ=environ).status == 401


#: What a proxy may write that is no certificate, and a word of what its admin reads.
UNREADABLE: dict[str, tuple[str, Callable[[House], str], str]] = {
    "the format of another": ("nginx", lambda h: WRITTEN["rfc9440"](h.app), "“rfc9440”"),
    "apache's under haproxy": ("haproxy", lambda h: WRITTEN["apache"](h.app), "“apache”"),
    "haproxy's under envoy": ("envoy", lambda h: WRITTEN["haproxy"](h.app), "“haproxy”"),
    "nginx under apache": ("apache", lambda h: WRITTEN["nginx"](h.app), "“nginx”"),
    "a hash alone": (
        "envoy",
        lambda h: "By=x;Hash=468ed33be74eee6556d90c0149c1309e9ba61d6425303443c0748a02dd8de688",
        "Cert is missing",
    ),
    "added to what came": ("envoy", lambda h: f"Hash=00,{WRITTEN['envoy'](h.app)}", "must overwrite"),
    "two lines": ("nginx", lambda h: f"{WRITTEN['nginx'](h.app)}, {WRITTEN['nginx'](h.app)}", "must overwrite"),
    "a chain": ("nginx", lambda h: WRITTEN["nginx"](h.app) + WRITTEN["nginx"](h.authority), "2 certificates"),
    "cut off": ("haproxy", lambda h: WRITTEN["haproxy"](h.app)[:400], "no certificate that can be read"),
    "a name": ("nginx", lambda h: DN, "no certificate in PEM"),
    "one colon": ("rfc9440", lambda h: WRITTEN["rfc9440"](h.app)[:-1], "two colons"),
    "no base64": ("rfc9440", lambda h: ":x!:", "no base64"),
    "endless": ("haproxy", lambda h: "M" * 25_000, "25000 characters"),
}


@pytest.mark.parametrize("named", WRITTEN)
def test_S28_what_the_proxy_writes_wrongly_is_the_operators_to_mend(
    open_house: Callable[..., House], named: str
) -> None:
    house = open_house(named)
    header = "Client-Cert" if named == "rfc9440" else HEADER
    robot = house.robot()
    for case, (of, text, word) in UNREADABLE.items():
        if of != named:
            continue
        answer = token(house.provider, robot, text=text(house), header=header)
        assert (answer.status, answer.error) == (401, "invalid_client"), case
        found = house.finding()
        assert (found["code"], found["side"], found["field"]) == ("certificate_unreadable", "doorward", header), case
        assert word in found["fix"], case


def test_S28_no_certificate_is_told_by_whose_side_it_is(open_house: Callable[..., House]) -> None:
    house, nothing = open_house(mtls_origin="https://mtls.example:8443"), ("", "(null)", "::", "-", None)
    robot = house.robot()

    def missing(text: str | None, host: str = "mtls.example:8443") -> tuple[str, str]:
        assert token(house.provider, robot, text=text, host=host).status == 401
        return house.finding()["code"], house.finding()["side"]

    assert {missing(text) for text in nothing} == {("certificate_not_passed_on", "doorward")}
    assert "https://mtls.example:8443/oauth/certificate" in house.finding()["fix"]
    assert token(house.provider, robot, house.app, host="mtls.example:8443").status == 200
    assert {missing(text) for text in nothing} == {("certificate_missing", "application")}
    answer = token(house.provider, robot)  # at the issuer, where nobody asks for one
    assert "mtls_endpoint_aliases" in answer.json["error_description"]
    found = house.finding()
    assert (found["side"], found["field"], found["got"]) == (
        "application", "mtls_endpoint_aliases", "https://login.example",
    )  # fmt: skip


def test_S14_S28_where_certificates_are_asked_for_at_another_host_they_are_taken_from_there_alone(
    open_house: Callable[..., House],
) -> None:
    """What the proxy's other places pass on may be anybody's word."""
    house = open_house(mtls_origin="https://mtls.example:8443")
    robot = house.robot()
    for host in (None, "login.example:443", "127.0.0.1:8000", "other.example", "mtls.example.evil", "[::1]:8000", ""):
        answer = token(house.provider, robot, house.app, host=host)
        assert (answer.status, answer.error) == (401, "invalid_client"), host
        assert "mtls_endpoint_aliases" in answer.json["error_description"]
        found = house.finding()
        assert (found["code"], found["side"], found["field"]) == ("certificate_elsewhere", "doorward", HEADER), host
        forged = send(house.provider, "oauth/certificate", method="GET", host=host, text="x").json
        assert forged["kind"] == "certificate_elsewhere"
    for host in ("mtls.example:8443", "mtls.example", "MTLS.example:8443"):
        assert token(house.provider, robot, house.app, host=host).status == 200, host
    from idp.installation.checks import network

    told = [one for one in network.examine_traffic(house.provider.services) if "certificate" in one.text]
    assert "https://mtls.example:8443 alone" in told[0].text
    near = open_house(mtls_origin="https://login.example:8443")  # one host: a proxy may leave the port out
    assert token(near.provider, near.robot(), near.app).status == 200


@pytest.mark.spec("RFC8705 5")
def test_S31_a_legacy_assertion_may_name_the_endpoint_where_certificates_are_asked_for(
    open_house: Callable[..., House],
) -> None:
    """It is the token endpoint that an application has in our metadata, whose tokens are bound to a certificate."""
    provider = open_house(mtls_origin="https://mtls.example:8443").provider
    metadata = provider.browser().get(".well-known/openid-configuration").json
    alias = metadata["mtls_endpoint_aliases"]["token_endpoint"]
    audiences = (alias, [alias, provider.issuer], alias + "/", alias.replace(":8443", ""))
    for switch, taken in (("legacy", (200, 200, 401, 401)), ("issuer", (401, 401, 401, 401))):
        app = provider.add_client(switch, "machine", scope="a", key=new_key(), client_assertion_audience=switch)
        answers = [by_assertion(provider, provider.assertion(app, aud=audience)) for audience in audiences]
        assert tuple(answer.status for answer in answers) == taken, switch
    assert "client_assertion_audience=legacy" in answers[0].json["error_description"]


def test_everything_odd_about_requests_has_words_in_needs_attention(house: House) -> None:
    """Nobody outside makes the console fail by a header."""
    token(house.provider, house.robot(), house.app, address="203.0.113.9")
    assert any("certificate" in str(one.text) for one in installation._traffic(house.provider.services))
    assert set(installation.PATTERNS) == set(arrivals.PATTERNS)


def test_S28_a_proxy_that_writes_another_header_is_told_its_name(house: House) -> None:
    assert token(house.provider, house.robot(), house.app, header="X-SSL-Client-Cert").status == 401
    found = house.finding()
    assert (found["code"], found["field"], found["expected"]) == (
        "certificate_not_passed_on", "oauth.client_certificate_header", "X-SSL-Client-Cert",
    )  # fmt: skip


def test_S28_where_none_are_taken_an_application_that_needs_one_is_told_so_and_nothing_is_read(
    provider: Provider, clock: Clock
) -> None:
    own = pair(DN, now=clock())
    robot = provider.add_client(
        "Robot", "machine", token_endpoint_auth_method="self_signed_tls_client_auth", jwks={"keys": [own.jwk()]}
    )
    assert token(provider, robot, own).error == "invalid_client"
    detail = provider.events()[-1].detail
    assert (detail["side"], detail["field"]) == ("doorward", "oauth.client_certificates")
    assert send(provider, "oauth/certificate", own, method="GET").status == 404


# -- client authentication ---------------------------------------------------------------------------------------------

#: A name that is not its own, what is shown of its own, and that as somebody may have registered it.
REGISTERED = {
    "tls_client_auth_subject_dn": ("O=Example,C=DE", DN, "cn=app, O=Example,C=DE"),
    "tls_client_auth_san_dns": ("b.example", "app.example", "APP.example"),
    "tls_client_auth_san_uri": ("spiffe://example/app", "spiffe://example/App", "spiffe://example/App"),
    "tls_client_auth_san_ip": ("2001:db8::8", "2001:db8::7", "2001:DB8:0::7"),
    "tls_client_auth_san_email": ("app@app.example", "App@app.example", "App@APP.example"),
}


@pytest.mark.spec("RFC 8705 2.1.2")
def test_S28_a_certificate_is_known_by_one_name_of_five(house: House) -> None:
    for field, names in REGISTERED.items():
        known_by(house, field, *names)


def known_by(house: House, field: str, other: str, shown: str, right: str) -> None:
    robot = house.robot(**{field: other})
    answer = token(house.provider, robot, house.app)
    assert (answer.status, answer.error) == (401, "invalid_client")
    assert shown in answer.json["error_description"]
    assert f" {other}" not in answer.text  # Q4: what is registered is for admins
    found = house.finding()
    assert (found["code"], found["side"], found["field"]) == ("certificate_name", "application", field)
    assert (found["expected"], found["got"], found["reader"]) == (other, shown, "app")
    assert f"{field}={shown}" in found["fix"].replace("'", "")
    house.provider.services.registry.update(robot.id, {field: right})
    assert token(house.provider, robot, house.app).status == 200


#: Registered names that are nearly the certificate's, and how the difference is told.
NEARLY = {
    "C=DE,O=Example,CN=app": "in the other order",
    "CN=app,OU=Sales,O=Example,C=DE": "lacks OU=Sales",
    "CN=app,O=Example": "has C=DE.",
    "CN=App,O=Example,C=DE": "has CN=app, in the place of CN=App",
}


def test_Q1_S28_how_the_names_differ_is_told(house: House) -> None:
    for registered, told in NEARLY.items():
        robot = house.robot(tls_client_auth_subject_dn=registered)
        assert token(house.provider, robot, house.app).status == 401
        assert told in house.finding()["fix"], registered


def test_Q1_S28_a_certificate_without_such_a_name_is_told_by_what_it_may_be_known(house: House) -> None:
    robot = house.robot(tls_client_auth_san_dns="app.example")
    shown = pair(DN, house.authority, now=house.provider.clock())
    assert token(house.provider, robot, shown).status == 401
    assert (house.finding()["got"], "tls_client_auth_subject_dn" in house.finding()["fix"]) == ("(nothing)", True)


@pytest.mark.spec("RFC 8705 2.1")
def test_S20_S28_nothing_less_than_its_certificate_proves_it(house: House) -> None:
    robot, provider = house.robot(), house.provider
    form = {"grant_type": "client_credentials", "client_id": robot.id, "token": "x"}
    for path in ("oauth/token", "oauth/introspect", "oauth/revoke"):
        assert send(provider, path, house.app, form).status == 200
        assert send(provider, path, None, form).error == "invalid_client"
        assert send(provider, path, pair(DN, now=provider.clock()), form).error == "invalid_client"  # by itself
        assert send(provider, path, house.app, {**form, "client_secret": "x"}).error == "invalid_client"
        assert send(provider, path, house.app, form, **basic(robot.id, "x")).error == "invalid_client"


def test_S20_a_certificate_proves_nobody_who_is_registered_otherwise(house: House) -> None:
    other = house.provider.add_client("Other", "machine", scope="read")
    assert token(house.provider, other, house.app).error == "invalid_client"
    found = house.finding()
    assert (found["code"], found["got"]) == ("client_auth_method", "a certificate")
    assert "token_endpoint_auth_method=tls_client_auth" in found["fix"]


def test_Q1_S28_a_certificate_without_a_client_id_is_nobodys(house: House) -> None:
    answer = send(house.provider, "oauth/token", house.app, {"grant_type": "client_credentials"})
    assert (answer.status, answer.error) == (401, "invalid_client")
    assert "send client_id in the form" in answer.json["error_description"]
    assert house.provider.events()[-1].detail["kind"] == "certificate_without_client_id"
    plain = send(house.provider, "oauth/token", None, {"grant_type": "client_credentials"})
    assert "HTTP Basic" in plain.json["error_description"]


def test_Q1_S28_one_that_sends_a_secret_beside_its_certificate_is_told_to_leave_it_out(house: House) -> None:
    robot = house.robot()
    form = {"grant_type": "client_credentials"}
    for headers, more in ((basic(robot.id, ""), {}), ({}, {"client_id": robot.id, "client_secret": "x"})):
        assert send(house.provider, "oauth/token", house.app, {**form, **more}, **headers).error == "invalid_client"
        found = house.finding()
        assert (found["code"], found["expected"]) == ("client_auth_method", "tls_client_auth")
        assert "client_id in the form, and no secret" in found["fix"]


def test_Q1_S28_one_of_an_authority_that_is_registered_as_its_own_is_told_the_other_method(house: House) -> None:
    robot = house.robot(token_endpoint_auth_method="self_signed_tls_client_auth", jwks={"keys": [pair().jwk()]})
    assert token(house.provider, robot, house.app).status == 401
    assert "token_endpoint_auth_method=tls_client_auth" in house.finding()["fix"]


#: Certificates that are refused, as (how one is made, kind, side, a word of what is told to the application).
Make = Callable[[House, float], Pair]
REFUSED: dict[str, tuple[Make, str, str]] = {
    "expired": (lambda h, now: pair(DN, h.authority, now=now, starts=-9, days=2), "certificate_expired", "it ran out"),
    "not yet": (lambda h, now: pair(DN, h.authority, now=now, starts=2), "certificate_expired", "holds from"),
    "of itself": (lambda h, now: pair(DN, now=now), "certificate_authority", "signed by itself"),
    "of an unknown authority": (
        lambda h, now: pair(DN, pair("CN=Other CA", now=now, ca=True), now=now),
        "certificate_authority", "CN=Other CA is none of ours",
    ),
    "of another key by that name": (
        lambda h, now: pair(DN, pair("CN=Authority", now=now, ca=True), now=now),
        "certificate_authority", "another authority has the name",
    ),
    "of an application that signs": (
        lambda h, now: pair("CN=b", h.app, now=now), "certificate_authority", "is none of ours",
    ),
    "for servers": (
        lambda h, now: pair(DN, h.authority, now=now, usage=ExtendedKeyUsageOID.SERVER_AUTH),
        "certificate_authority", "clientAuth",
    ),
    "an authority's own": (
        lambda h, now: pair(DN, h.authority, now=now, ca=True), "certificate_authority", "CA:TRUE",
    ),
    "for encipherment": (
        lambda h, now: pair(DN, h.authority, now=now, more=(key_usage("key_encipherment"),)),
        "certificate_authority", "digitalSignature",
    ),
    "of version 1": (lambda h, now: version_1(h, now), "certificate_authority", "X.509 version 1"),
}  # fmt: skip


def test_S28_a_certificate_that_does_not_hold_is_refused_with_the_reason(house: House, clock: Clock) -> None:
    robot = house.robot()
    clock.advance(3600)  # what openssl makes begins at the real time
    for case, (make, kind, word) in REFUSED.items():
        answer = token(house.provider, robot, make(house, house.provider.clock()))
        assert (answer.status, answer.error) == (401, "invalid_client"), case
        assert word in answer.json["error_description"], case
        found = house.finding()
        assert (found["code"], found["side"], found["reader"]) == (kind, "application", "app"), case


def test_S28_the_file_of_authorities_is_read_anew_and_a_broken_one_keeps_what_there_was(
    house: House, tmp_path: Path
) -> None:
    robot, provider = house.robot(), house.provider
    other = pair("CN=New", now=provider.clock(), ca=True)
    shown = pair(DN, other, now=provider.clock())
    assert token(provider, robot, shown).status == 401
    (tmp_path / "authorities.pem").write_text(house.authority.pem + other.pem)
    assert token(provider, robot, shown).status == 200
    (tmp_path / "authorities.pem").write_text("nothing")
    assert token(provider, robot, shown).status == 200


def test_S28_an_authority_in_between_stands_in_the_file_too(house: House, tmp_path: Path) -> None:
    now = house.provider.clock()
    between = pair("CN=Between", house.authority, now=now, ca=True)
    shown, robot = pair(DN, between, now=now), house.robot()
    answer = token(house.provider, robot, shown)
    assert "CN=Between is none of ours" in answer.json["error_description"]
    (tmp_path / "authorities.pem").write_text(house.authority.pem + between.pem)
    assert token(house.provider, robot, shown).status == 200


@pytest.mark.spec("RFC 5280 6.1")
def test_S28_an_authority_in_between_holds_as_long_as_what_is_above_it(
    house: House, tmp_path: Path, clock: Clock
) -> None:
    root = pair("CN=Root", now=clock(), ca=True, days=2)
    between = pair("CN=Between", root, now=clock(), ca=True, days=90)
    crossed = pair("CN=Authority", between, now=clock(), ca=True, days=90)  # its key signs nothing here
    robot = house.robot()
    shown = pair(DN, between, now=clock(), days=90, more=(key_usage("digital_signature"),))
    (tmp_path / "authorities.pem").write_text(house.authority.pem + crossed.pem + between.pem + root.pem)
    assert token(house.provider, robot, shown).status == 200
    clock.advance(3 * 86400)
    answer = token(house.provider, robot, shown)
    assert "CN=Root, which stands above its authority CN=Between, has run out" in answer.json["error_description"]
    (tmp_path / "authorities.pem").write_text(between.pem)  # nothing above it is known: it is what is trusted
    assert token(house.provider, robot, shown).status == 200


@pytest.mark.parametrize(("place", "other"), [
    ("a003020102", "a003020107"), ("06072a8648ce3d0201", "06072a8648ce3d0209"),
    ("06082a8648ce3d030107", "06082a8648ce3d030109"),
])  # fmt: skip
def test_S28_a_certificate_of_a_kind_that_nobody_knows_is_refused_and_no_failure(
    house: House, place: str, other: str
) -> None:
    """Its version, the kind of its key, the key's curve."""
    assert place in house.app.der.hex()
    der = bytes.fromhex(house.app.der.hex().replace(place, other, 1))
    wrapped = "\n".join(textwrap.wrap(b64encode(der).decode(), 64))
    text = quote(f"-----BEGIN CERTIFICATE-----\n{wrapped}\n-----END CERTIFICATE-----\n", safe="")
    own = house.robot("Own", token_endpoint_auth_method="self_signed_tls_client_auth", jwks={"keys": [house.app.jwk()]})
    for robot in (house.robot(), own):
        assert token(house.provider, robot, text=text).error == "invalid_client"
        assert house.finding()["code"] == "certificate_unreadable"
    assert send(house.provider, "oauth/certificate", method="GET", text=text).json["kind"] == "certificate_unreadable"


def test_S28_without_a_file_of_authorities_the_operator_is_told(
    open_provider: Open, clock: Clock, tmp_path: Path
) -> None:
    for name, octets in (("", ""), ("gone.pem", None), ("key.pem", pair().key_pem), ("empty.pem", "")):
        if octets and name:
            (tmp_path / name).write_text(octets)
        provider = open_provider(**certificates.settings(tmp_path, client_certificate_ca=name and str(tmp_path / name)))
        robot = provider.add_client(
            "Robot", "machine", token_endpoint_auth_method="tls_client_auth", tls_client_auth_subject_dn=DN
        )
        assert token(provider, robot, pair(DN, now=clock())).error == "invalid_client"
        detail = provider.events()[-1].detail
        assert (detail["side"], detail["field"]) == ("doorward", "oauth.client_certificate_ca"), name


@pytest.mark.spec("RFC 8705 2.2")
@pytest.mark.parametrize("x5c", [True, False])
def test_S28_a_self_signed_certificate_is_one_that_is_registered(house: House, x5c: bool) -> None:
    now = house.provider.clock()
    own, other = pair(DN, now=now), pair(DN, now=now)
    jwks = {"keys": [new_key().as_dict(private=False), own.jwk(x5c=x5c)]}
    robot = house.robot(token_endpoint_auth_method="self_signed_tls_client_auth", jwks=jwks)
    assert token(house.provider, robot, own).status == 200
    answer = token(house.provider, robot, other)
    assert (answer.status, answer.error) == (401, "invalid_client")
    found = house.finding()
    assert (found["code"], found["side"], found["field"]) == ("certificate_key", "application", "jwks")
    assert other.thumbprint in found["got"]
    renewed = Pair(pair(DN, own, now=now).certificate, own.key)  # another certificate than the one of x5c
    assert token(house.provider, robot, renewed).status == 401
    late = pair(DN, now=now, starts=-9, days=2)
    house.provider.services.registry.update(robot.id, {"jwks": {"keys": [late.jwk(x5c=x5c)]}})
    assert "it ran out" in token(house.provider, robot, late).json["error_description"]


# -- bound tokens ------------------------------------------------------------------------------------------------------


def code(provider: Provider, app: App, **over: Any) -> str:
    return provider.sign_in(provider.browser(), app, **over).code


def redeem(provider: Provider, app: App, given: str, shown: Pair | None, **headers: str) -> Answer:
    form = {
        "grant_type": "authorization_code", "code": given, "code_verifier": VERIFIER, "redirect_uri": app.redirect_uri,
        "client_id": app.id,
    }  # fmt: skip
    return send(provider, "oauth/token", shown, form, **headers)


def userinfo(
    provider: Provider, access_token: str, shown: Pair | None, path: str = "oauth/userinfo", **over: Any
) -> Answer:
    return send(provider, path, shown, method="GET", **bearer(access_token), **over)


@pytest.mark.spec("RFC 8705 3")
@pytest.mark.parametrize("form", ["opaque", "jwt"])
def test_S28_a_token_is_good_with_the_certificate_that_it_was_given_for_alone(house: House, form: str) -> None:
    provider = house.provider
    provider.add_person("ann")
    app = provider.add_client(
        "Bank", token_endpoint_auth_method="tls_client_auth", tls_client_auth_subject_dn=DN, access_token_format=form,
        tls_client_certificate_bound_access_tokens=True,
    )  # fmt: skip
    told = redeem(provider, app, code(provider, app), house.app).json
    access = told["access_token"]
    assert told["token_type"] == "Bearer"
    assert userinfo(provider, access, house.app).json["sub"]
    assert userinfo(provider, access, house.app, "oauth/whoami").status == 200
    for other in (None, pair(DN, house.authority, now=provider.clock())):
        for path in ("oauth/userinfo", "oauth/whoami", "api/v1/applications"):
            answer = userinfo(provider, access, other, path)
            assert answer.status == 401, path
            assert 'error="invalid_token"' in answer.headers["WWW-Authenticate"]
    assert userinfo(provider, access, house.app, address="203.0.113.9").status == 401  # by no proxy
    asked = send(provider, "oauth/introspect", house.app, {"client_id": app.id, "token": access}).json
    assert (asked["token_type"], asked["cnf"]) == ("Bearer", {"x5t#S256": house.app.thumbprint})


def test_S28_a_stolen_token_with_another_certificate_is_explained(house: House) -> None:
    provider = house.provider
    robot = house.robot(tls_client_certificate_bound_access_tokens=True)
    access = token(provider, robot, house.app).json["access_token"]
    thief = pair("CN=thief", house.authority, now=provider.clock())
    userinfo(provider, access, thief, "oauth/whoami")
    detail = provider.events()[-1].detail
    assert (detail["kind"], detail["expected"], detail["got"]) == (
        "certificate_token", house.app.thumbprint, thief.thumbprint,
    )  # fmt: skip


@pytest.mark.spec("RFC 8705 3")
def test_S28_one_with_a_secret_may_have_bound_tokens_too_and_none_without_a_certificate(house: House) -> None:
    provider = house.provider
    robot = provider.add_client("Robot", "machine", scope="read", tls_client_certificate_bound_access_tokens=True)
    form = {"grant_type": "client_credentials"}
    proof_of = basic(robot.id, robot.secret or "")
    assert send(provider, "oauth/token", None, form, **proof_of).error == "invalid_request"
    found = house.finding()
    assert (found["code"], found["side"]) == ("certificate_not_passed_on", "doorward")
    own = pair("CN=anything", now=provider.clock())  # §3: whatever certificate it is
    access = send(provider, "oauth/token", own, form, **proof_of).json["access_token"]
    assert userinfo(provider, access, own, "oauth/whoami").status == 200
    assert userinfo(provider, access, house.app, "oauth/whoami").status == 401


@pytest.mark.spec("RFC 8705 4")
def test_S28_a_refresh_token_of_an_app_without_a_secret_is_bound_and_not_rotated(house: House) -> None:
    provider = house.provider
    provider.add_person("ann")
    spa = provider.add_client(
        "Board", "spa", scope="openid offline_access", consent="explicit",
        tls_client_certificate_bound_access_tokens=True,
    )  # fmt: skip
    own, other = (pair("CN=own", now=provider.clock()) for _ in range(2))
    told = redeem(provider, spa, code(provider, spa), own).json
    form = {"grant_type": "refresh_token", "refresh_token": told["refresh_token"], "client_id": spa.id}
    answer = send(provider, "oauth/token", other, form)
    assert (answer.status, answer.error) == (400, "invalid_grant")
    found = house.finding()
    assert (found["code"], found["field"], found["expected"], found["got"]) == (
        "certificate_binding", "x5t#S256", own.thumbprint, other.thumbprint,
    )  # fmt: skip
    assert send(provider, "oauth/token", None, form).error == "invalid_request"
    first, second = (send(provider, "oauth/token", own, form).json for _ in range(2))
    assert first["refresh_token"] == second["refresh_token"] == told["refresh_token"]
    assert userinfo(provider, second["access_token"], own).status == 200


def test_S28_one_that_proves_itself_may_renew_its_certificate(house: House) -> None:
    provider = house.provider
    provider.add_person("ann")
    app = provider.add_client(
        "Bank", token_endpoint_auth_method="tls_client_auth", tls_client_auth_subject_dn=DN,
        tls_client_certificate_bound_access_tokens=True,
    )  # fmt: skip
    told = redeem(provider, app, code(provider, app, prompt="consent", scope="openid offline_access"), house.app).json
    renewed = pair(DN, house.authority, now=provider.clock())
    form = {"grant_type": "refresh_token", "refresh_token": told["refresh_token"], "client_id": app.id}
    again = send(provider, "oauth/token", renewed, form).json
    assert userinfo(provider, again["access_token"], renewed).status == 200
    assert userinfo(provider, again["access_token"], house.app).status == 401
    assert userinfo(provider, told["access_token"], house.app).status == 200


def test_S27_S28_a_token_may_be_bound_to_a_proof_and_a_certificate(house: House) -> None:
    provider, key = house.provider, new_key()
    robot = house.robot(tls_client_certificate_bound_access_tokens=True, dpop_bound_access_tokens=True)
    assert token(provider, robot, house.app).error == "invalid_dpop_proof"
    answer = token(provider, robot, house.app, DPoP=proof(provider, key)).json
    assert answer["token_type"] == "DPoP"

    def whoami(shown: Pair | None, scheme: str = "DPoP") -> int:
        access = answer["access_token"]
        sent = {
            "Authorization": f"{scheme} {access}",
            "DPoP": proof(provider, key, "oauth/whoami", "GET", token=access),
        }
        return send(provider, "oauth/whoami", shown, method="GET", **sent).status

    assert (whoami(house.app), whoami(None), whoami(house.app, "Bearer")) == (200, 401, 401)


# -- metadata ----------------------------------------------------------------------------------------------------------


@pytest.mark.spec("RFC 8705 5")
@pytest.mark.parametrize("path", ["", "/sso"])
def test_S28_what_is_on_is_advertised_and_nothing_else(
    open_provider: Open, tmp_path: Path, path: str, clock: Clock
) -> None:
    authority = pair("CN=Authority", now=clock(), ca=True)

    def metadata(authority: Pair | None, named: str = "nginx", **oauth: Any) -> dict[str, Any]:
        sections = certificates.settings(tmp_path, authority, named, **oauth)
        sections["server"]["issuer"] += path
        found = open_provider(**sections).browser().get(".well-known/openid-configuration").json
        return dict(found)

    off, without, on = (
        metadata(authority, ""), metadata(None), metadata(authority, mtls_origin="https://mtls.example"),
    )  # fmt: skip
    both = ["tls_client_auth", "self_signed_tls_client_auth"]
    for endpoint in ("token", "introspection", "revocation"):
        name = f"{endpoint}_endpoint_auth_methods_supported"
        assert [[one for one in found[name] if one in both] for found in (off, without, on)] == [[], both[1:], both]
    assert "tls_client_certificate_bound_access_tokens" not in off
    assert "mtls_endpoint_aliases" not in {**off, **without}
    assert (
        on["tls_client_certificate_bound_access_tokens"]
        is without["tls_client_certificate_bound_access_tokens"]
        is True
    )
    aliases = on["mtls_endpoint_aliases"]
    assert set(aliases) >= {
        "token_endpoint", "userinfo_endpoint", "introspection_endpoint", "revocation_endpoint",
        "pushed_authorization_request_endpoint",
    }  # fmt: skip
    for name, alias in aliases.items():
        assert alias == on[name].replace("https://login.example", "https://mtls.example")


def test_S26_a_proof_may_be_for_the_alias(open_house: Callable[..., House]) -> None:
    house = open_house(mtls_origin="https://mtls.example")
    robot, key = house.robot(), new_key()
    for htu, status in (("https://mtls.example/oauth/token", 200), ("https://evil.example/oauth/token", 400)):
        shown = proof(house.provider, key, htu=htu)
        assert token(house.provider, robot, house.app, host="mtls.example", DPoP=shown).status == status


# -- FAPI 2.0 ----------------------------------------------------------------------------------------------------------


@pytest.mark.spec("FAPI 2.0 SP 5.3.2")
@pytest.mark.parametrize("method", ["tls_client_auth", "self_signed_tls_client_auth", "private_key_jwt"])
def test_S53_a_fapi2_client_may_prove_itself_and_bind_its_tokens_by_certificate(house: House, method: str) -> None:
    provider, key = house.provider, new_key()
    provider.add_person("ann")
    keys = {"jwks": {"keys": [house.app.jwk(), key.as_dict(private=False)]}} if method != "tls_client_auth" else {}
    name = {"tls_client_auth_san_dns": "app.example"} if method == "tls_client_auth" else {}
    metadata = {
        "redirect_uris": ["https://bank.example/cb"], "token_endpoint_auth_method": method,
        "tls_client_certificate_bound_access_tokens": True, **keys, **name,
    }  # fmt: skip
    registered = provider.services.registry.register(Draft(name="Bank", profile="fapi2", metadata=metadata))
    bank = App(registered.client, None, key)
    assert not bank.client.oidc.dpop_bound_access_tokens

    def post(path: str, shown: Pair | None, form: list[tuple[str, str]]) -> Answer:
        more, _ = provider.proof(bank)
        return send(provider, path, shown, dict([*form, *more]))

    browser = provider.browser()
    pushed = post("oauth/par", house.app, provider.request(bank))
    assert pushed.status == 201, pushed.text
    given = done(browser, come(provider, browser, bank, pushed.json["request_uri"])).code
    form = [("grant_type", "authorization_code"), ("code", given), ("code_verifier", VERIFIER),
            ("redirect_uri", bank.redirect_uri)]  # fmt: skip
    assert post("oauth/token", None, form).error in ("invalid_client", "invalid_request")
    told = post("oauth/token", house.app, form).json
    assert userinfo(provider, told["access_token"], house.app).json["sub"]
    assert userinfo(provider, told["access_token"], None).status == 401


# -- cost --------------------------------------------------------------------------------------------------------------


def test_a_certificate_costs_no_statement_and_no_state(house: House) -> None:
    provider, robot = house.provider, house.robot(tls_client_certificate_bound_access_tokens=True)
    other = provider.add_client("Other", "machine", scope="read")
    form = {"grant_type": "client_credentials"}
    token(provider, robot, house.app)
    provider.client_credentials(other)
    plain = provider.counted(lambda: send(provider, "oauth/token", None, form, **basic(other.id, other.secret or "")))
    bound = provider.counted(lambda: token(provider, robot, house.app))
    assert (len(bound[0]), bound[1]) == (len(plain[0]), plain[1])
