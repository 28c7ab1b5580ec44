"""What `make demo` promises: three applications by two protocols and three libraries, one sign-in, one sign-out."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from tests.apps.demo import PEOPLE, ROOT, START_WITHIN, Ports, read_ports
from tests.backends import find_free_port
from tests.provider import Dom

pytestmark = pytest.mark.slow

ANNA, BEN, _ = PEOPLE


class Browser:
    """Keeps cookies and follows redirects, as browsers do; it has one jar for all ports of a host."""

    def __init__(self) -> None:
        self._web = requests.Session()
        self._web.headers["Accept"] = "text/html"

    def open(self, url: str) -> requests.Response:
        return self._web.get(url, timeout=20)

    def press(self, url: str, **fields: str) -> requests.Response:
        return self._web.post(url, data=fields, timeout=20)

    def sign_in(self, page: requests.Response, ports: Ports, person: tuple[str, str, str, str]) -> requests.Response:
        found = re.search(r'name="flow" value="([^"]+)"', page.text)
        assert found, "this is not the sign-in page"
        page = self.press(f"{ports.url('doorward')}/login", flow=found[1], login=person[0], password=person[3])
        return self.go_on(page)

    def go_on(self, page: requests.Response) -> requests.Response:
        """Send the form that brings a SAML answer to its application, or open the next sign-out, as scripts do."""
        dom = Dom(page.text)
        if dom.find("form", id="auto-post"):
            return self.press(dom.forms[0].action, **dict(dom.forms[0].fields))
        if hop := dom.find("a", id="sign-out-hop"):
            return self.go_on(self.open(hop[0]["href"]))
        return page


@pytest.fixture(scope="module")
def ports(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ports]:
    """The demo as `make demo` starts it, on free ports; ended as Ctrl-C ends it."""
    own = Ports(find_free_port(), find_free_port(), find_free_port(), find_free_port())
    folder = tmp_path_factory.mktemp("demo") / "data"
    numbers = [str(number) for number in (own.doorward, own.crm, own.desk, own.wiki)]
    command = [sys.executable, "-m", "tests.apps.demo", "--folder", str(folder), "--ports", *numbers]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as demo:
        try:
            assert demo.stdout is not None
            said = ""
            while "Ctrl-C stops it" not in said:
                line = demo.stdout.readline()
                assert line, said
                said += line
            yield own
        finally:
            demo.send_signal(signal.SIGINT)
            demo.communicate(timeout=START_WITHIN)
    assert demo.returncode == 0
    assert not any(_answers(port) for port in (own.doorward, own.crm, own.desk, own.wiki))


@pytest.mark.spec("Back-Channel Logout 1.0 2.5")
def test_n34_signing_out_says_of_each_application_that_it_is_signed_out(ports: Ports, browser: Browser) -> None:
    browser.sign_in(browser.open(ports.url("crm")), ports, ANNA)
    browser.open(ports.url("desk"))
    question = browser.open(f"{ports.url('doorward')}/logout")
    form_key = re.search(r'name="form_key" value="([^"]+)"', question.text)
    assert form_key
    page = browser.press(f"{ports.url('doorward')}/logout", form_key=form_key[1])
    assert "not support" not in page.text
    assert Dom(page.text).text.lower().count("signed out") >= 2, Dom(page.text).text


def test_n34_the_demo_is_at_localhost_where_passkeys_work(ports: Ports, browser: Browser) -> None:
    assert ports.url("doorward").startswith("http://localhost:")
    browser.sign_in(browser.open(ports.url("doorward")), ports, ANNA)
    page = browser.open(f"{ports.url('doorward')}/security")
    assert "asskey" in page.text


def _run(*words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "tests.apps.demo", *words]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)


def test_n34_a_port_that_is_taken_is_named_with_the_way_out_and_nothing_is_left(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        number = taken.getsockname()[1]
        free = [str(find_free_port()) for _ in range(3)]
        done = _run("--folder", str(tmp_path / "data"), "--ports", ",".join([free[0], str(number), *free[1:]]))
    assert done.returncode == 1
    assert f"port {number} (CRM)" in done.stderr
    assert "make demo PORTS=" in done.stderr
    assert not (tmp_path / "data").exists()
    assert "Traceback" not in done.stderr
    for odd in ("8100", "8100-8102", "x", "8100,8100,8100,8100", "0-3", "65534-65537"):
        refused = _run("--folder", str(tmp_path / "data"), "--ports", odd)
        assert refused.returncode in (1, 2)
        assert "PORTS" in refused.stderr


def test_n34_ports_are_written_as_a_range_or_one_by_one() -> None:
    assert read_ports("8100-8103") == read_ports("8100,8101,8102,8103") == read_ports(" 8100 8101  8102 8103 ")


@pytest.mark.parametrize("how", ["SIGHUP", "SIGKILL", "a part ends"])
def test_n34_nothing_is_left_behind_however_it_ends(tmp_path: Path, how: str) -> None:
    numbers = [find_free_port() for _ in range(4)]
    words = ["--folder", str(tmp_path / "data"), "--ports", *map(str, numbers)]
    command = [sys.executable, "-m", "tests.apps.demo", *words]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as demo:
        try:
            assert demo.stdout is not None
            said = ""
            while "Ctrl-C stops it" not in said:
                line = demo.stdout.readline()
                assert line, said
                said += line
            parts = _children(demo.pid)
            assert len(parts) == 4
            if how == "a part ends":
                os.kill(parts[-1], signal.SIGKILL)
            else:
                demo.send_signal(getattr(signal, how))
            demo.wait(30)
        finally:
            demo.kill()
    until = time.monotonic() + 60
    while (left := [*filter(_is_running, parts), *filter(_answers, numbers)]) and time.monotonic() < until:
        time.sleep(0.1)
    assert left == []


def _children(pid: int) -> list[int]:
    text = Path(f"/proc/{pid}/task/{pid}/children").read_text("ascii")
    return [int(number) for number in text.split()]


def _is_running(pid: int) -> bool:
    try:
        return ") Z " not in Path(f"/proc/{pid}/stat").read_text("ascii")
    except OSError:
        return False


@pytest.fixture
def browser() -> Browser:
    return Browser()


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _is_sign_in_page(page: requests.Response, ports: Ports) -> bool:
    return page.url.startswith(ports.url("doorward")) and 'name="password"' in page.text


def test_signing_in_at_the_crm_opens_desk_without_a_prompt(ports: Ports, browser: Browser) -> None:
    page = browser.open(ports.url("crm"))
    assert _is_sign_in_page(page, ports)
    crm = browser.sign_in(page, ports, ANNA)
    assert crm.url == f"{ports.url('crm')}/"
    assert "Anna Berg" in crm.text
    assert "Ingrid Solheim" in crm.text
    desk = browser.open(ports.url("desk"))
    assert desk.url == f"{ports.url('desk')}/"
    assert "anna.berg@larkfield.example" in desk.text


def test_a_person_comes_back_to_the_page_that_they_asked_for(ports: Ports, browser: Browser) -> None:
    asked = f"{ports.url('desk')}/tickets/1043"
    page = browser.sign_in(browser.open(asked), ports, BEN)
    assert page.url.rstrip("?") == asked


@pytest.mark.parametrize(("left", "other"), [("desk", "crm"), ("crm", "desk")])
def test_signing_out_at_either_application_ends_both(ports: Ports, browser: Browser, left: str, other: str) -> None:
    somebody_else = Browser()
    somebody_else.sign_in(somebody_else.open(ports.url(other)), ports, BEN)
    browser.sign_in(browser.open(ports.url("crm")), ports, ANNA)
    assert "Anna Berg" in browser.open(ports.url("desk")).text

    page = browser.press(f"{ports.url(left)}/sign-out")

    assert page.url.startswith(f"{ports.url(left)}/signed-out")  # no question asked: id_token_hint names the session
    assert "You are signed out" in page.text
    assert _is_sign_in_page(browser.open(ports.url(other)), ports)
    assert _is_sign_in_page(browser.open(ports.url(left)), ports)
    assert _is_sign_in_page(browser.open(ports.url("doorward")), ports)
    assert "Ben Okafor" in somebody_else.open(ports.url(other)).text


def test_signing_out_at_the_provider_ends_both(ports: Ports, browser: Browser) -> None:
    browser.sign_in(browser.open(ports.url("crm")), ports, ANNA)
    browser.open(ports.url("desk"))
    question = browser.open(f"{ports.url('doorward')}/logout")
    form_key = re.search(r'name="form_key" value="([^"]+)"', question.text)
    assert form_key
    page = browser.press(f"{ports.url('doorward')}/logout", form_key=form_key[1])
    assert "Larkfield CRM" in page.text
    assert "Desk" in page.text
    assert _is_sign_in_page(browser.open(ports.url("crm")), ports)
    assert _is_sign_in_page(browser.open(ports.url("desk")), ports)


def test_the_launcher_shows_every_application_with_their_logos(ports: Ports, browser: Browser) -> None:
    page = browser.sign_in(browser.open(ports.url("doorward")), ports, ANNA)
    assert set(re.findall(r'class="tile" href="([^"]+)"', page.text)) == {
        f"{ports.url('crm')}/",
        f"{ports.url('desk')}/",
        f"{ports.url('wiki')}/",
    }
    logos = [browser.open(ports.url("doorward") + path) for path in re.findall(r'"(/app-logo/[^"]+)"', page.text)]
    assert [logo.headers["Content-Type"] for logo in logos] == ["image/svg+xml"] * 3


def test_an_answer_of_another_browser_signs_nobody_in(ports: Ports, browser: Browser) -> None:
    thief = Browser()
    page = thief.open(ports.url("desk"))
    stolen = thief.sign_in(page, ports, BEN).history[0].headers["Location"]
    assert stolen.startswith(f"{ports.url('desk')}/callback?")
    refused = browser.open(stolen)
    assert refused.status_code == 403
    assert _is_sign_in_page(browser.open(ports.url("desk")), ports)


def test_signing_in_by_openid_connect_opens_the_saml_application_without_a_prompt(
    ports: Ports, browser: Browser
) -> None:
    browser.sign_in(browser.open(ports.url("crm")), ports, ANNA)
    page = browser.go_on(browser.open(f"{ports.url('wiki')}/pages/on-call"))
    assert page.url == f"{ports.url('wiki')}/pages/on-call"
    assert "Anna Berg" in page.text
    assert "anna.berg@larkfield.example" in page.text


def test_and_signing_in_by_saml_opens_the_others(ports: Ports, browser: Browser) -> None:
    page = browser.open(ports.url("wiki"))
    assert _is_sign_in_page(page, ports)
    assert "Wiki" in page.text
    assert "Ben Okafor" in browser.sign_in(page, ports, BEN).text
    assert browser.open(ports.url("desk")).url == f"{ports.url('desk')}/"


@pytest.mark.parametrize("left", ["wiki", "crm"])
def test_signing_out_ends_both_protocols(ports: Ports, browser: Browser, left: str) -> None:
    browser.sign_in(browser.open(ports.url("crm")), ports, ANNA)
    browser.go_on(browser.open(ports.url("wiki")))

    page = browser.go_on(browser.press(f"{ports.url(left)}/sign-out"))

    assert page.url.startswith(f"{ports.url(left)}/signed-out"), (page.url, page.text)
    for name in ("crm", "wiki", "doorward"):
        assert _is_sign_in_page(browser.open(ports.url(name)), ports), name


def test_an_answer_that_another_browser_asked_for_signs_nobody_in_to_the_wiki(ports: Ports, browser: Browser) -> None:
    thief = Browser()
    found = re.search(r'name="flow" value="([^"]+)"', thief.open(ports.url("wiki")).text)
    assert found
    answer = thief.press(f"{ports.url('doorward')}/login", flow=found[1], login=BEN[0], password=BEN[3])
    assert browser.go_on(answer).status_code == 403
    assert _is_sign_in_page(browser.open(ports.url("wiki")), ports)
