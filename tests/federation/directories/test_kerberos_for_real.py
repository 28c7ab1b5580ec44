"""I4: the whole way, as an admin sets it up and people come: two workers, a directory, a realm, curl and Chromium."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, sync_playwright

from tests.federation.directories import kdc
from tests.federation.directories.kdc import REALM, SERVICE, Kdc
from tests.federation.directories.slapd import ADMIN, ADMIN_PASSWORD, BASE, Slapd
from tests.server import Server

pytestmark = pytest.mark.slow
CHROMIUM = Path("/usr/bin/chromium")


class _Named(Server):
    """Under a host name: nobody has a ticket for an address."""

    def _sections(self, sections: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
        found = super()._sections(sections)
        found["server"]["issuer"] = f"http://localhost:{self.port}"
        return found


@pytest.fixture(scope="module")
def realm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kdc]:
    kdc.needed()
    made = Kdc(tmp_path_factory.mktemp("realm"))
    made.add("bea", "bea-there")
    made.add(SERVICE)
    yield made
    made.stop()


@pytest.fixture(scope="module")
def server(run_pid: int, realm: Kdc, there: Slapd, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("files")
    (folder / "ca.pem").write_text(there.authority)
    (folder / "secret").write_text(ADMIN_PASSWORD)
    made = _Named(
        run_pid, workers=2, kerberos={"keytab": str(realm.keytab())}, outbound={"allow": [there.secure]},
        brand={"company": "Example Ltd"},
    )  # fmt: skip
    said = {
        "servers": there.secure, "ca": f"@{folder / 'ca.pem'}", "base_dn": BASE, "create": "yes",
        "group_filter": "", "groups_claim": "", "nested": "", "kerberos_networks": "127.0.0.0/8",
        "kerberos_realms": REALM, "kerberos_name": "uid",
    }  # fmt: skip
    words = [word for name, value in said.items() for word in ("--set", f"{name}={value}")]
    done = made.cli(
        "provider", "add", "--template", "openldap", "--name", "Company", "--set", "host=localhost", "--set",
        f"base={BASE}", "--set", f"bind={ADMIN}", "--secret-file", str(folder / "secret"), *words,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    yield made
    made.close()


@pytest.fixture
def cache(realm: Kdc) -> Path:
    return realm.sign_in("bea", "bea-there")


def test_i4_the_test_of_the_provider_looks_at_the_keytab(server: Server) -> None:
    done = server.cli("provider", "test", "Company")
    told = done.stdout + done.stderr
    assert f"name: {SERVICE}, key versions" in told
    assert "keytab:" in told


def curl(server: Server, realm: Kdc, cache: Path, jar: Path, *words: str) -> str:
    command = [
        "curl", "-sS", "-i", "-L", "--max-time", "20", "-b", str(jar), "-c", str(jar), "-H", "Accept: text/html",
        *words, f"http://localhost:{server.port}/",
    ]  # fmt: skip
    environ = {**realm.environ, "KRB5CCNAME": f"FILE:{cache}"}
    return subprocess.run(command, env=environ, check=True, capture_output=True, text=True, timeout=30).stdout


@pytest.mark.spec("RFC4559 4.1")
def test_i4_curl_comes_in_with_its_ticket_and_with_its_cookie_from_then_on(
    server: Server, realm: Kdc, cache: Path, tmp_path: Path
) -> None:
    jar = tmp_path / "jar"
    first = curl(server, realm, cache, jar)
    assert "401" in first.splitlines()[0]
    assert 'name="password"' in first
    assert "Bea There" in curl(server, realm, cache, jar, "--negotiate", "-u", ":")
    assert "Bea There" in curl(server, realm, cache, jar)


@pytest.fixture(scope="module")
def chromium(server: Server, realm: Kdc) -> Iterator[Browser]:
    if not CHROMIUM.exists():
        pytest.skip("chromium is not installed")
    environ = {**realm.environ, "KRB5CCNAME": f"FILE:{realm.folder / 'cache-bea'}"}
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--auth-server-allowlist=localhost"], env=environ
        )
        # At the first challenge of its life Chromium on Linux starts its network anew, where the library may be loaded.
        first = browser.new_page()
        first.goto(f"http://localhost:{server.port}/")
        assert first.is_visible("input[name=password]")
        first.close()
        yield browser
        browser.close()


@pytest.mark.parametrize("script", [True, False], ids=["script", "none"])
def test_i4_chromium_shows_no_page_where_there_is_a_ticket(
    chromium: Browser, server: Server, cache: Path, script: bool
) -> None:
    window = chromium.new_context(java_script_enabled=script).new_page()
    window.goto(f"http://localhost:{server.port}/")
    assert "Bea There" in window.inner_text("body")


def test_i4_chromium_shows_the_form_where_there_is_none_and_the_button_works_later(
    chromium: Browser, server: Server, realm: Kdc, cache: Path
) -> None:
    kept = cache.with_suffix(".kept")
    shutil.move(cache, kept)
    window = chromium.new_context(java_script_enabled=False).new_page()
    window.goto(f"http://localhost:{server.port}/")
    assert window.is_visible("input[name=password]")
    shutil.move(kept, cache)
    window.click("text=Sign in as on this computer")
    assert "Bea There" in window.inner_text("body")
