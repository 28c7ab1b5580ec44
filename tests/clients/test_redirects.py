"""S1, S3, S49, X15, X18, X22: what matches a registered redirect URI, and what may be registered at all."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from clients.errors import InvalidMetadata
from clients.profiles import PROFILES
from clients.redirects import check_redirect_uri, difference, is_registered, without_port
from clients.rules import find_warnings, validate
from clients.uris import read

URI = "https://app.example/cb"


@dataclass(frozen=True)
class Uris:
    redirect_uris: frozenset[str]
    loopback_redirects: frozenset[str] = field(default_factory=frozenset)


APP = Uris(frozenset({URI, "https://app.example/cb2?tenant=1"}))
NATIVE_URIS = ["http://127.0.0.1/cb", "http://[::1]:8000/cb?x=1", "com.example.app:/cb", "http://localhost/cb"]
NATIVE = Uris(frozenset(NATIVE_URIS), frozenset(filter(None, map(without_port, NATIVE_URIS))))

CORPUS = {
    "prefix host": "https://app.example.evil.test/cb",
    "suffix host": "https://evilapp.example/cb",
    "subdomain": "https://x.app.example/cb",
    "user info": "https://app.example@evil.test/cb",
    "user info before": "https://evil.test@app.example/cb",
    "user and password": "https://a:b@app.example/cb",
    "empty user": "https://@app.example/cb",
    "dot segment": "https://app.example/x/../cb",
    "dot segment after": "https://app.example/cb/..",
    "single dot": "https://app.example/./cb",
    "encoded dots": "https://app.example/x/%2e%2e/cb",
    "half-encoded dots": "https://app.example/x/.%2E/cb",
    "double-encoded slash": "https://app.example%252f@evil.test/cb",
    "double-encoded slash in path": "https://app.example/cb%252f..",
    "encoded slash": "https://app.example%2fcb",
    "encoded letter": "https://app.example/%63b",
    "semicolon dots": "https://app.example/x/..;/cb",
    "path parameter": "https://app.example/cb;x",
    "backslash": "https://app.example\\@evil.test/cb",
    "backslash path": "https://app.example\\cb",
    "backslash scheme": "https:\\\\app.example/cb",
    "tab": "https://app.example/\tcb",
    "trailing newline": "https://app.example/cb\n",
    "trailing space": "https://app.example/cb ",
    "leading space": " https://app.example/cb",
    "NUL": "https://app.example/cb\x00",
    "upper-case host": "https://APP.example/cb",
    "upper-case scheme": "HTTPS://app.example/cb",
    "upper-case path": "https://app.example/CB",
    "trailing slash": "https://app.example/cb/",
    "double slash": "https://app.example//cb",
    "no path": "https://app.example",
    "shorter": "https://app.example/c",
    "added query": "https://app.example/cb?next=//evil.test",
    "empty query": "https://app.example/cb?",
    "other query": "https://app.example/cb2?tenant=2",
    "query left out": "https://app.example/cb2",
    "fragment": "https://app.example/cb#x",
    "empty fragment": "https://app.example/cb#",
    "IDN look-alike": "https://\u0430pp.example/cb",
    "full-width dot": "https://app\uff0eexample/cb",
    "punycode": "https://xn--pp-6kc.example/cb",
    "trailing dot": "https://app.example./cb",
    "default port": "https://app.example:443/cb",
    "other port": "https://app.example:8443/cb",
    "empty port": "https://app.example:/cb",
    "other scheme": "http://app.example/cb",
    "no scheme": "//app.example/cb",
    "path only": "/cb",
    "javascript": "javascript://app.example/cb%0aalert(1)",
    "data": "data:text/html,x",
    "both in one": f"{URI} {URI}",
    "empty": "",
}


@pytest.mark.spec("RFC9700 2.1")
@pytest.mark.parametrize("presented", CORPUS.values(), ids=CORPUS)
def test_S1_X15_X18_a_redirect_uri_that_differs_in_one_byte_is_refused(presented: str) -> None:
    assert not is_registered(presented, APP)
    assert difference(presented, APP.redirect_uris) is not None


def test_S1_the_registered_uri_itself_is_accepted() -> None:
    assert is_registered(URI, APP)
    assert difference(URI, APP.redirect_uris) is None


def test_X22_a_dot_in_a_redirect_uri_is_a_dot() -> None:
    assert not is_registered("https://appXexample/cb", APP)
    assert not is_registered("https://app.example/cb2Xtenant=1", APP)


@pytest.mark.spec("RFC8252 7.3")
@pytest.mark.parametrize(
    "presented",
    ["http://127.0.0.1:51004/cb", "http://127.0.0.1/cb", "http://[::1]:1/cb?x=1", "http://[::1]/cb?x=1"],
)
def test_S1_the_port_of_a_native_apps_loopback_address_may_vary(presented: str) -> None:
    assert is_registered(presented, NATIVE)


@pytest.mark.parametrize(
    "presented",
    [
        "http://localhost:51004/cb",
        "http://127.0.0.2/cb",
        "http://127.0.0.1:51004/cb/",
        "http://127.0.0.1:51004/CB",
        "http://127.0.0.1:65536/cb",
        "http://127.0.0.1:99999999999/cb",
        "http://127.0.0.1:080/cb",
        "http://127.0.0.1:/cb",
        "http://127.0.0.1:+80/cb",
        "http://127.0.0.1:\u0661/cb",
        "http://127.0.0.1:80@evil.test/cb",
        "http://127.0.0.1.evil.test/cb",
        "http://127.0.0.1:80.evil.test/cb",
        "https://127.0.0.1:80/cb",
        "HTTP://127.0.0.1:80/cb",
        "http://127.0.0.1:80/cb\n",
        "http://127.0.0.1:80\n/cb",
        "http://[::1]:80/cb",
        "http://[0:0:0:0:0:0:0:1]:80/cb?x=1",
        "com.example.app:/cb/",
        "com.example.app://cb",
    ],
)
def test_S1_nothing_but_the_port_of_a_loopback_address_may_vary(presented: str) -> None:
    assert not is_registered(presented, NATIVE)


def test_S1_the_port_of_a_web_clients_loopback_uri_may_not_vary() -> None:
    assert not is_registered("http://127.0.0.1:51004/cb", Uris(frozenset({"http://127.0.0.1/cb"})))


_PIECES = st.sampled_from(
    [
        "https",
        "http",
        ":",
        "//",
        "/",
        "app.example",
        "127.0.0.1",
        "[::1]",
        "localhost",
        ":80",
        ":8080",
        ":65536",
        "@",
        "evil.test",
        "cb",
        "?",
        "x=1",
        "#",
        "..",
        "%2e",
        "\\",
        "\t",
        "\n",
        " ",
        ".",
        "com.example.app",
        "A",
        "\u0430",
    ]
)
_NEAR = st.one_of(
    st.text(max_size=60),
    st.lists(_PIECES, max_size=9).map("".join),
    st.builds(
        lambda uri, at, cut, new: uri[:at] + new + uri[at + cut :],
        st.sampled_from([URI, *NATIVE_URIS]),
        st.integers(0, 40),
        st.integers(0, 3),
        st.one_of(_PIECES, st.text(max_size=3)),
    ),
)


@given(presented=_NEAR)
@example(presented=URI)
@example(presented="http://127.0.0.1:65535/cb")
def test_X18_accepted_implies_byte_equal_to_a_registered_uri(presented: str) -> None:
    assert is_registered(presented, APP) == (presented in APP.redirect_uris)
    if is_registered(presented, NATIVE) and presented not in NATIVE.redirect_uris:
        # The one exception, spelled out without the code under test: some port from 1 to 65535 on a loopback address.
        host = "127.0.0.1" if presented.startswith("http://127.0.0.1:") else "[::1]"
        head, tail = f"http://{host}:", {"127.0.0.1": "/cb", "[::1]": "/cb?x=1"}[host]
        assert presented.startswith(head)
        assert presented.endswith(tail)
        port = presented[len(head) : len(presented) - len(tail)]
        assert port == str(int(port))
        assert 1 <= int(port) <= 65535


@given(port=st.integers(1, 65535))
def test_S1_every_port_of_a_native_apps_loopback_address_is_accepted(port: int) -> None:
    assert is_registered(f"http://127.0.0.1:{port}/cb", NATIVE)


# -- registration --------------------------------------------------------------------------------------------------

NEVER = {
    "javascript": "javascript:alert(1)",
    "javascript in capitals": "JaVaScRiPt:alert(1)",
    "javascript with authority": "javascript://app.example/%0aalert(1)",
    "data": "data:text/html,<script>",
    "vbscript": "vbscript:x",
    "file": "file:///etc/passwd",
    "blob": "blob:https://app.example/1",
    "about": "about:blank",
    "view-source": "view-source:https://app.example/",
    "ftp": "ftp://app.example/cb",
    "fragment": "https://app.example/cb#x",
    "empty fragment": "https://app.example/cb#",
    "wildcard host": "https://*.app.example/cb",
    "wildcard path": "https://app.example/*",
    "user info": "https://user@app.example/cb",
    "relative": "/cb",
    "no scheme": "//app.example/cb",
    "no host": "https:///cb",
    "one slash": "https:/app.example/cb",
    "opaque": "https:app.example",
    "empty": "",
    "space": "https://app.example/c b",
    "tab": "https://app.example/\tcb",
    "newline": "https://app.example/cb\n",
    "NUL": "https://app.example/cb\x00",
    "backslash": "https://app.example\\cb",
    "IDN": "https://\u0430pp.example/cb",
    "unencoded path": "https://app.example/\u00fc",
    "broken percent": "https://app.example/%zz",
    "dots": "https://app.example/a/../cb",
    "trailing dots": "https://app.example/a/..",
    "dot": "https://app.example/./cb",
    "semicolon dots": "https://app.example/a/..;/cb",
    "encoded dots": "https://app.example/a/%2e%2e/cb",
    "half-encoded dots": "https://app.example/a/.%2e/cb",
    "encoded slash": "https://app.example/a%2f..%2fcb",
    "encoded backslash": "https://app.example/a%5Ccb",
    "double-encoded": "https://app.example/%252e%252e/cb",
    "encoded newline": "https://app.example/%0acb",
    "host in capitals": "https://App.example/cb",
    "scheme in capitals": "HTTPS://app.example/cb",
    "trailing dot": "https://app.example./cb",
    "empty label": "https://app..example/cb",
    "percent in host": "https://app%2eexample/cb",
    "number as host": "https://2130706433/cb",
    "hexadecimal host": "https://0x7f.1/cb",
    "octal host": "https://0177.0.0.1/cb",
    "empty port": "https://app.example:/cb",
    "port 0": "https://app.example:0/cb",
    "port too high": "https://app.example:65536/cb",
    "port with letters": "https://app.example:80a/cb",
    "leading zero": "https://app.example:0443/cb",
    "IPv6 without brackets": "https://::1/cb",
    "IPv6 in long form": "https://[0:0:0:0:0:0:0:1]/cb",
    "http elsewhere": "http://app.example/cb",
    "http in the local network": "http://192.168.1.5/cb",
    "http on a loopback neighbour": "http://127.0.0.2/cb",
    "too long": "https://app.example/" + "a" * 2000,
}


@pytest.mark.parametrize("profile", ["web", "spa", "native", "machine", "legacy", "fapi2"])
@pytest.mark.parametrize("uri", NEVER.values(), ids=NEVER)
def test_S3_no_profile_takes_a_dangerous_or_ambiguous_redirect_uri(uri: str, profile: str) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        check_redirect_uri(uri, PROFILES[profile].redirects, allow_loopback=True)


ACCEPTED = {
    # uri: who takes it, who takes it only in development
    "https://app.example/cb": ("web spa native legacy fapi2", ""),
    "https://app.example": ("web spa native legacy fapi2", ""),
    "https://app.example:8443/a/b;c/@me?next=%2Fhome&x=..": ("web spa native legacy fapi2", ""),
    "https://xn--bcher-kva.example/cb": ("web spa native legacy fapi2", ""),
    "https://[2001:db8::1]/cb": ("web spa native legacy fapi2", ""),
    "https://127.evil.example/cb": ("web spa native legacy fapi2", ""),
    "http://127.0.0.1/cb": ("native", "web spa legacy"),
    "http://127.0.0.1:5001/cb": ("native", "web spa legacy"),
    "http://[::1]:5001/cb": ("native", "web spa legacy"),
    "http://localhost:5001/cb": ("native", "web spa legacy"),
    "https://localhost/cb": ("native", "web spa legacy"),
    "https://crm.localhost/cb": ("native", "web spa legacy"),
    "com.example.app:/cb": ("native", ""),
    "com.example.app://cb": ("native", ""),
    "myapp:/cb": ("", ""),
    "http://app.example/cb": ("", ""),
}


@pytest.mark.spec("OIDC Registration 2")
@pytest.mark.spec("RFC8252 7.1")
@pytest.mark.parametrize("profile", ["web", "spa", "native", "machine", "legacy", "fapi2"])
@pytest.mark.parametrize("uri", ACCEPTED)
def test_S49_each_profile_takes_its_own_kinds_of_redirect_uri(uri: str, profile: str) -> None:
    always, in_development = ACCEPTED[uri]

    def is_accepted(allow_loopback: bool) -> bool:
        try:
            check_redirect_uri(uri, PROFILES[profile].redirects, allow_loopback=allow_loopback)
        except ValueError:
            return False
        return True

    assert is_accepted(False) == (profile in always.split())
    assert is_accepted(True) == (profile in (always + " " + in_development).split())


@given(uri=_NEAR)
def test_S3_whatever_may_be_registered_is_plain_ascii_without_fragment_or_user_name(uri: str) -> None:
    for profile in PROFILES.values():
        try:
            check_redirect_uri(uri, profile.redirects, allow_loopback=True)
        except ValueError:
            continue
        assert uri.isascii()
        assert uri.isprintable()
        assert not set(uri) & set(" #*\\")
        assert "@" not in uri.partition("://")[2].partition("/")[0].partition("?")[0]
        assert read(uri).scheme in ("https", "http") or "." in read(uri).scheme


# -- explaining ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("presented", "explanation"),
    [
        ("https://app.example/cb/", "at character 23: '/' is extra at the end"),
        ("https://app.example/c", "at character 22: 'b' is missing at the end"),
        ("http://app.example/cb", "at character 5: 's' is missing"),
        ("https://app.example:8443/cb", "at character 20: ':8443' is extra"),
        ("https://App.example/cb", "at character 9: 'A' stands where 'a' is registered (upper and lower case matter)"),
        ("https://\u0430pp.example/cb", "at character 9: '\\u0430' stands where 'a' is registered"),
        ("https://app.example/cb\n", "at character 23: '\\n' is extra at the end"),
    ],
)
def test_R4_the_difference_to_the_nearest_registered_uri_is_told_by_the_character(
    presented: str, explanation: str
) -> None:
    said = difference(presented, [URI, "https://other.example/x"])
    assert said == f"the nearest registered URI is {URI}; the one sent differs {explanation}"


def test_R4_a_client_without_redirect_uris_is_told_so() -> None:
    assert difference(URI, []) == "no redirect URI is registered"


def test_R4_a_huge_redirect_uri_gets_a_short_explanation() -> None:
    said = difference(URI + "x" * 8000, [URI])
    assert said is not None
    assert len(said) < 250


OWN_NAMES = [
    "state=x", "code=", "error=1", "iss=https%3A%2F%2Fx", "response=x", "error_description=", "error_uri=x", "state",
    "a=1&state=2", "a=1;state=2", "%73tate=x", "st%61te", "session_state=x", "id_token=x", "access_token=x",
    "token_type=x", "expires_in=1", "scope=x", "&&code=x&&",
]  # fmt: skip
OTHER_NAMES = ["next=%2Fstate%3D", "State=x", "x=state", "a=code=", "mystate=1", "codes=1", "x=%26state%3D1", ""]


@pytest.mark.spec("RFC6749 4.1.2")
@pytest.mark.parametrize("query", OWN_NAMES)
@pytest.mark.parametrize("base", ["https://app.example/cb", "com.example.app:/cb", "http://127.0.0.1:5001/cb"])
def test_n22_a_redirect_uri_has_no_name_that_the_answer_adds(base: str, query: str) -> None:
    with pytest.raises(ValueError, match="in its query, which the answer adds too"):
        check_redirect_uri(f"{base}?{query}", PROFILES["native"].redirects)


@pytest.mark.parametrize("query", OTHER_NAMES)
def test_n22_any_other_name_is_the_applications(query: str) -> None:
    check_redirect_uri(f"https://app.example/cb?{query}", PROFILES["web"].redirects)


def test_n22_registration_and_change_say_so_and_a_way_back_from_signing_out_gets_a_state_alone() -> None:
    for key, uri, name in (
        ("redirect_uris", "https://app.example/cb?a=b&state=1", "state"),
        ("redirect_uris", "https://app.example/cb?code=1&iss=2", "code, iss"),
        ("post_logout_redirect_uris", "https://app.example/bye?state=1", "state"),
    ):
        said = {"redirect_uris": ["https://app.example/cb"], key: [uri]}
        with pytest.raises(InvalidMetadata, match=f"has {name} in its query") as caught:
            validate("web", said)
        assert [problem.field for problem in caught.value.problems] == [key]
    validate("web", {"redirect_uris": ["https://app.example/cb"],
                     "post_logout_redirect_uris": ["https://app.example/bye?code=1&scope=x"]})  # fmt: skip


@pytest.mark.spec("RFC8252 7.1")
@pytest.mark.parametrize("uri", ["oc://android.owncloud.com", "nc:/login", "mattermost://callback", "myapp:/cb"])
def test_a_scheme_without_a_dot_needs_the_admins_switch_and_profile_native(uri: str) -> None:
    said = {"redirect_uris": [uri]}
    with pytest.raises(InvalidMetadata, match="allow_dotless_scheme=true"):
        validate("native", said)
    assert validate("native", {**said, "allow_dotless_scheme": True})["redirect_uris"] == [uri]
    assert any("any other app" in told for told in find_warnings("native", {**said, "allow_dotless_scheme": True}))
    for profile in ("web", "spa", "legacy"):
        with pytest.raises(InvalidMetadata, match="profile native"):
            validate(profile, {**said, "allow_dotless_scheme": True})


@pytest.mark.parametrize(
    "uri",
    ["javascript:alert(1)", "data:text/html,x", "mailto:a@b.example", "tel:1", "ftp://x/y", "ws://x/y", "wss://x/y",
     "file:///etc", "http://app.example/cb", "intent://x", "ssh://x", "content://x", "about:blank", "chrome://x",
     "sms:1", "market://x", "urn:x:y", "shell:x"],
)  # fmt: skip
def test_S3_no_switch_opens_a_scheme_that_runs_something_or_is_everybodys(uri: str) -> None:
    with pytest.raises(InvalidMetadata):
        validate("native", {"redirect_uris": [uri], "allow_dotless_scheme": True})


def test_n8_n25_a_native_application_cannot_be_let_off_being_asked() -> None:
    said = {"redirect_uris": ["com.example.app:/cb"], "ignore_prompt_consent": True}
    with pytest.raises(InvalidMetadata, match="people are asked each time"):
        validate("native", said)
    web = {"redirect_uris": ["https://app.example/cb"], "ignore_prompt_consent": True}
    assert validate("web", web)["ignore_prompt_consent"] is True
    assert any("prompt=consent" in told for told in find_warnings("web", web))
