"""What directories and tickets need is imported where there are any, and by nobody who waits."""

from __future__ import annotations

import subprocess
import sys

import pytest

PROGRAM = """
import sys
from idp.federation import upstream, views, warming
from idp.federation.provider import Provider

LIBRARIES = {"ldap3", "pyasn1"}
assert not LIBRARIES & sys.modules.keys(), "imported by nobody's wish"
assert warming.warm(()) is None
assert warming.warm([Provider(id="web", kind="oidc", name="Web")]) is None
made = Provider(id="ldap", kind="ldap", name="Directory", kerberos_realms=REALMS)
warming.warm([made]).join()
assert LIBRARIES <= sys.modules.keys()
print("idp.federation.kerberos.tokens" in sys.modules, warming.warm([made]))
"""


@pytest.mark.parametrize(("realms", "tickets"), [("()", False), ("('EXAMPLE.ORG',)", True)])
def test_n36_the_libraries_of_directories_are_imported_where_there_is_one(realms: str, tickets: bool) -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM.replace("REALMS", realms)], capture_output=True, text=True, timeout=60,
        check=False,
    )  # fmt: skip
    assert done.stdout.split() == [str(tickets), "None"], done.stderr
