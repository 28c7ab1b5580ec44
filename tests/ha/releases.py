"""An earlier release of this product, taken from git as it was, and what speaks to whichever release serves."""

from __future__ import annotations

import io
import json
import subprocess
import sys
import tarfile
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from tests.ha.house import Machine
from tests.provider import HOME, App, Provider
from tests.server import REPOSITORY, HttpBrowser, unique

#: Where no release is tagged yet: the code of before the migrations 0036 and later. Next to it stands what it is for.
RECORDED = "c6feec6d"

_MADE = """
import json, sys, time
from pathlib import Path
from idp.config import load
from tests.provider import Provider
provider = Provider(load(Path(sys.argv[1]), {}), time.time)
people = [(name, provider.add_person(name).id) for name in sys.argv[2:]]
app = provider.add_client("CRM")
print(json.dumps({"people": people, "id": app.id, "secret": app.secret, "redirect_uri": app.redirect_uri}))
provider.close()
"""


def _git(*words: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(["git", "-C", str(REPOSITORY), *words], capture_output=True, check=False)


def previous() -> str:
    """The release before this one: the latest tag below here, else what is recorded; '' where its code is not there."""
    tag = _git("describe", "--tags", "--abbrev=0", "HEAD^").stdout.decode().strip()
    found = tag or RECORDED
    return found if _git("cat-file", "-e", f"{found}^{{commit}}").returncode == 0 else ""


def check_out(commit: str, folder: Path) -> Path:
    """Its files in a folder, as they were."""
    packed = _git("archive", "--format=tar", commit)
    assert packed.returncode == 0, packed.stderr
    with tarfile.open(fileobj=io.BytesIO(packed.stdout)) as files:
        files.extractall(folder, filter="data")
    return folder


class Talker(Provider):
    """What a browser and an application say to whoever serves at the address; it looks into no store."""

    def __init__(self, issuer: str) -> None:
        self._address, self.clock = issuer, time.time
        self._machine = self.browser()

    @property
    def issuer(self) -> str:
        return self._address

    def browser(self, address: str = HOME) -> HttpBrowser:
        """Somebody's browser, without any cookie."""
        return HttpBrowser(self._address, address)


def people_of(machine: Machine, many: int) -> tuple[list[tuple[str, str]], App]:
    """People and an application, made by the machine's own release."""
    names = [unique("ann") for _ in range(many)]
    done = subprocess.run(
        [sys.executable, "-c", _MADE, str(machine.file), *names], env=machine.environment(), cwd=machine.code,
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    made: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    oidc = SimpleNamespace(redirect_uris={made["redirect_uri"]}, auth_methods=("client_secret_basic",))
    client: Any = SimpleNamespace(id=made["id"], oidc=oidc)
    return [(name, sub) for name, sub in made["people"]], App(client, made["secret"])
