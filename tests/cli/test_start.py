"""How a command starts: it imports what it uses. Modules are counted, since seconds depend on the neighbours."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.cli.conftest import Folder

#: What no command that only looks something up has a use for, each some 10 to 200 ms of processor time.
HEAVY = {
    "argon2", "authlib", "asyncpg", "flask", "granian", "httpcore", "jinja2", "lxml", "psycopg", "redis",
    "rich", "sqlalchemy.dialects.postgresql", "structlog", "webauthn", "werkzeug", "xmlsec",
    "idp.app", "idp.oidc", "idp.portal", "idp.saml", "idp.web",
}  # fmt: skip


def imported(site: Folder, *words: str, fails: bool = False) -> set[str]:
    """The modules that a command has imported by its end. `fails`: it may have found something wrong."""
    program = (
        "import sys; from idp.__main__ import main; code = main(sys.argv[1:]); "
        "sys.stderr.write('\\n'.join(sys.modules)); sys.exit(code)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, *words], cwd=site.path, env=site.environment(), capture_output=True, text=True,
        timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 0 or fails, done.stderr
    return set(done.stderr.split())


#: How many modules each command may import: some 20 more than it does.
MOST = {
    "user list --json": 555, "user show owner": 690, "group list": 540, "audit tail": 540, "client list": 640,
    "case list": 545, "notice list": 540,
}  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("words", MOST)
def test_n36_a_command_imports_only_what_it_uses(site: Folder, words: str) -> None:
    loaded = imported(site, *words.split())
    assert loaded & (HEAVY - {"argon2"} if words.startswith("user show") else HEAVY) == set()
    assert len(loaded) < MOST[words]  # a list of people imported 990 of them once, SAML and Flask among them


@pytest.mark.slow
@pytest.mark.parametrize(("words", "most"), [("doctor", 840), ("explain owner", 880)])
def test_n36_what_looks_at_everything_imports_no_pages_and_no_directory(site: Folder, words: str, most: int) -> None:
    loaded = imported(site, *words.split(), fails=True)
    assert loaded & {"flask", "granian", "jinja2", "ldap3", "rich", "werkzeug", "idp.app", "idp.portal"} == set()
    assert len(loaded) < most


@pytest.mark.slow
def test_n36_help_opens_nothing_of_the_installation(site: Folder) -> None:
    loaded = imported(site, "user")
    assert loaded & (HEAVY | {"pydantic", "sqlalchemy", "cryptography", "idp.config"}) == set()


#: What libraries take along where it is there, for nobody who asks a server.
UNWANTED = {
    "rich", "pygments", "attr", "greenlet", "alembic", "mako", "psycopg", "redis", "sqlalchemy.dialects.postgresql",
    "sqlalchemy.orm", "ldap3", "pyasn1",
}  # fmt: skip
SERVING = """
import sys
from idp.cli.worker import leave_out
from idp.installation.files import read_settings
from idp.wsgi import create
settings = read_settings(None)
leave_out(settings)
app, services = create(settings)
sys.stderr.write("\\n".join(name for name, module in sys.modules.items() if module is not None))
sys.stderr.flush()
import os
os._exit(0)
"""


@pytest.mark.slow
def test_n36_a_server_imports_what_it_serves_with(site: Folder) -> None:
    done = subprocess.run(
        [sys.executable, "-c", SERVING], cwd=site.path, env=site.environment(), capture_output=True, text=True,
        timeout=60, check=True,
    )  # fmt: skip
    loaded = set(done.stderr.split())
    assert loaded & UNWANTED == set()
    assert {"structlog", "flask", "sqlalchemy.dialects.sqlite"} < loaded
