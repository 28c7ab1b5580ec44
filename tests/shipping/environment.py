"""An environment with a built wheel in it and what that declares to need, and nothing else: no network, a second."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import sysconfig
import venv
import zipfile
from dataclasses import dataclass
from email.parser import Parser
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement

ROOT = Path(__file__).parent.parent.parent


def build(folder: Path) -> tuple[Path, Path]:
    """What `make wheel` makes: the wheel, made of the sdist, and the sdist."""
    subprocess.run([sys.executable, "-m", "hatchling", "build", "-t", "sdist", "-d", str(folder)], cwd=ROOT, check=True)
    (sdist,) = folder.glob("doorward-*.tar.gz")
    unpacked = folder / "unpacked"
    unpacked.mkdir()
    subprocess.run(["tar", "xzf", str(sdist), "-C", str(unpacked), "--strip-components=1"], check=True)
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)], cwd=unpacked, check=True
    )
    (wheel,) = folder.glob("doorward-*.whl")
    return wheel, sdist


@dataclass(frozen=True)
class Environment:
    """A virtual environment that knows nothing of this repository."""

    folder: Path

    @property
    def command(self) -> Path:
        return self.folder / "bin" / "doorward"

    def variables(self) -> dict[str, str]:
        kept = {"HOME": str(self.folder), "LANG": "C.UTF-8", "TMPDIR": os.environ.get("TMPDIR", "/tmp")}
        return {**kept, "PATH": f"{self.folder / 'bin'}:/usr/bin:/bin"}


def install(wheel: Path, folder: Path) -> Environment:
    """The wheel unpacked as an installer does; what it requires is linked from where the tests run."""
    venv.create(folder, with_pip=False, symlinks=True)
    where = Path(sysconfig.get_path("purelib", vars={"base": str(folder)}))
    with zipfile.ZipFile(wheel) as zipped:
        zipped.extractall(where)
        (about,) = [name for name in zipped.namelist() if name.endswith(".dist-info/METADATA")]
        (points,) = [name for name in zipped.namelist() if name.endswith(".dist-info/entry_points.txt")]
        required = Parser().parsestr(zipped.read(about).decode()).get_all("Requires-Dist") or []
        ((module, function),) = re.findall(r"^doorward = ([\w.]+):(\w+)$", zipped.read(points).decode(), re.MULTILINE)
    for name in _closure(required):
        _link(metadata.distribution(name), where)
    script = folder / "bin" / "doorward"
    script.write_text(f"#!{folder}/bin/python\nimport sys\nfrom {module} import {function}\nsys.exit({function}())\n")
    script.chmod(0o755)
    return Environment(folder)


def _closure(required: list[str]) -> set[str]:
    """Everything that an installer would install for it, without an extra of ours."""
    found: set[str] = set()
    waiting = [(text, ("",)) for text in required]
    while waiting:
        text, extras = waiting.pop()
        requirement = Requirement(text)
        if requirement.marker is not None and not any(requirement.marker.evaluate({"extra": one}) for one in extras):
            continue
        name = re.sub(r"[-_.]+", "-", requirement.name).lower()
        if name not in found:
            found.add(name)
            of_it = metadata.distribution(name).requires or []
            waiting += [(one, ("", *requirement.extras)) for one in of_it]
    return found


def _link(distribution: metadata.Distribution, where: Path) -> None:
    for top in {file.parts[0] for file in distribution.files or ()} - {"..", "__pycache__"}:
        if not (where / top).exists():
            (where / top).symlink_to(Path(str(distribution.locate_file(top))).resolve())
