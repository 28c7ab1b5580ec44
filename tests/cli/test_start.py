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


def imported(site: Folder, *words: str) -> set[str]:
    """The modules that a command has imported by its end."""
    program = (
        "import sys; from idp.__main__ import main; code = main(sys.argv[1:]); "
        "sys.stderr.write('\\n'.join(sys.modules)); sys.exit(code)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, *words], cwd=site.path, env=site.environment(), capture_output=True, text=True,
        timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return set(done.stderr.split())


@pytest.mark.slow
@pytest.mark.parametrize("words", ["user list --json", "audit tail", "client list", "case list", "notice list"])
def test_n36_a_command_imports_only_what_it_uses(site: Folder, words: str) -> None:
    loaded = imported(site, *words.split())
    assert loaded & HEAVY == set()
    assert len(loaded) < 620  # a list of people imported 990 of them once, SAML and Flask among them


@pytest.mark.slow
def test_n36_help_opens_nothing_of_the_installation(site: Folder) -> None:
    loaded = imported(site, "user")
    assert loaded & (HEAVY | {"pydantic", "sqlalchemy", "cryptography", "idp.config"}) == set()


#: What libraries take along where it is there, for nobody who asks a server.
UNWANTED = {
    "rich", "pygments", "attr", "greenlet", "alembic", "mako", "psycopg", "redis", "sqlalchemy.dialects.postgresql",
    "sqlalchemy.orm",
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
