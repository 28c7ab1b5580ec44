"""What the documents say is typed here: every ```console block, in order, in an installation of the document's own.

A line that begins with `$ ` is a command; the lines below it are what it prints, with `…` for anything. The command
must succeed, unless what it prints begins with a complaint. A ```toml block that bears a name is a file of that name.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
BLOCK = re.compile(r"^```(console|toml [\w.-]+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\(([^)#:\s]+)(?:#[^)]*)?\)")
TYPED = (
    "README.md",
    *(
        f"docs/{n}.md"
        for n in (
            "agents",
            "api",
            "getting-started",
            "applications",
            "backup",
            "break-glass",
            "configuration-as-code",
            "gallery",
            "connecting",
            "install",
            "keys",
            "monitoring",
            "moving",
            "operating",
            "people",
            "provisioning",
            "saml",
            "self-registration",
            "sign-in-rules",
            "test-an-app",
        )
    ),
)
DOCUMENTS = [
    *(str(path.relative_to(ROOT)) for path in sorted(ROOT.glob("*.md"))),
    *(str(path.relative_to(ROOT)) for path in sorted((ROOT / "docs").rglob("*.md"))),
]


@dataclass(frozen=True)
class Step:
    """A command and what the document says it prints; None where it says nothing."""

    command: str
    printed: str | None


def read_steps(document: str) -> list[Step]:
    """The commands of a document, in order."""
    steps: list[Step] = []
    for kind, block in BLOCK.findall((ROOT / document).read_text("utf-8")):
        if kind != "console":
            steps.append(Step(f"printf %s {shlex.quote(block)} > {kind.split()[1]}", None))
            continue
        assert block.startswith("$ "), f"{document}: a console block begins with a command"
        for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            command, _, printed = part.partition("\n")
            steps.append(Step(command, printed.rstrip("\n") or None))
    return steps


def shape(printed: str) -> re.Pattern[str]:
    """What `…` stands for: part of a line, and any number of lines where it is a whole one."""
    lines = [".*" if line == "…" else re.escape(line).replace("…", "[^\n]*") for line in printed.splitlines()]
    return re.compile("\n".join(lines), re.DOTALL)


@pytest.mark.slow
@pytest.mark.parametrize("document", TYPED)
def test_the_commands_of_a_document_do_what_it_says(document: str, tmp_path: Path) -> None:
    steps = read_steps(document)
    assert steps
    environ = {name: value for name, value in os.environ.items() if not name.startswith("DOORWARD_")}
    environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{environ['PATH']}"
    if not any(step.command == "doorward init" for step in steps):
        steps.insert(0, Step("doorward init", None))
    for step in steps:
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", step.command], cwd=tmp_path, env=environ, text=True, timeout=60,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False,
        )  # fmt: skip
        complains = (step.printed or "").startswith("doorward: ")
        assert done.returncode == (2 if complains else 0), f"{document}: $ {step.command}\n{done.stdout}"
        said = step.printed is None or shape(step.printed).fullmatch(done.stdout.rstrip("\n")) is not None
        assert said, f"{document}: $ {step.command}\nprints:\n{done.stdout}\nand the document says:\n{step.printed}"


@pytest.mark.parametrize("document", DOCUMENTS)
def test_links_between_documents_lead_somewhere(document: str) -> None:
    for target in LINK.findall((ROOT / document).read_text("utf-8")):
        assert ((ROOT / document).parent / target).exists(), f"{document} links to {target}"


@pytest.mark.parametrize("document", DOCUMENTS)
def test_settings_that_a_document_names_exist(document: str) -> None:
    from idp.config import Settings

    sections = {name: field.annotation for name, field in Settings.model_fields.items() if name != "base_dir"}
    for section, key in re.findall(r"`([a-z]+)\.([a-z_]+)`", (ROOT / document).read_text("utf-8")):
        if section in sections and section not in ("clients", "keys"):
            known = sections[section].model_fields  # type: ignore[union-attr]
            assert key in known, f"{document} names {section}.{key}"


def test_every_path_of_the_reference_is_routed_and_none_is_missing() -> None:
    from idp.oidc.views import ROUTES
    from idp.signals.views import ROUTES as SIGNALS

    text = (ROOT / "docs" / "openid-connect.md").read_text("utf-8")
    named = set(re.findall(r"`(/(?:oauth|ssf|\.well-known)/[a-z0-9_/<>-]+)`", text))
    assert named == {route.path for route in (*ROUTES, *SIGNALS)}


def test_every_error_page_is_in_the_reference() -> None:
    text = "".join((ROOT / "docs" / name).read_text("utf-8") for name in ("openid-connect.md", "saml.md", "console.md"))
    sources = "\n".join(path.read_text("utf-8") for path in (ROOT / "idp").rglob("*.py"))
    raised = r"""(?:(?:Refused|_refused|Untrusted)\(|refused\(\s*provider,)\s*"([a-z_]+)","""
    codes = set(re.findall(raised, sources)) - {"no_picture"}
    assert len(codes) > 10
    assert {code for code in codes if f"`{code}`" not in text} == set()


def test_every_test_that_the_checks_of_saml_name_exists() -> None:
    text = (ROOT / "docs" / "saml.md").read_text("utf-8")
    named = set(re.findall(r"`(test_[A-Za-z0-9_]+)`", text))
    sources = "\n".join(path.read_text("utf-8") for path in (ROOT / "tests").rglob("test_*.py"))
    assert len(named) > 80
    assert {name for name in named if f"def {name}(" not in sources} == set()
    assert all((ROOT / path).exists() for path in re.findall(r"`(tests/[a-z0-9_/]+\.py)`", text))


def test_every_line_about_people_has_a_test_that_exists() -> None:
    text = (ROOT / "docs" / "people.md").read_text("utf-8")
    rows = re.findall(r"^\| ([LWFPAE]\d+) \|.*\| (.*) \|$", text, re.MULTILINE)
    expected = {
        f"{kind}{n}" for kind, last in zip("LWFPAE", (11, 5, 10, 7, 10, 2), strict=True) for n in range(1, last + 1)
    }
    assert {line for line, _ in rows} == expected
    for line, shown in rows:
        named = re.findall(r"`([a-z0-9_/]+\.py)::(test_\w+)`", shown)
        assert named, line
        for path, name in named:
            assert f"def {name}(" in (ROOT / "tests" / path).read_text("utf-8"), (line, name)


def test_every_path_of_saml_is_in_its_reference() -> None:
    from idp.saml.views import ROUTES

    text = (ROOT / "docs" / "saml.md").read_text("utf-8")
    paths = {route.path.replace("<client_id>", "<client id>") for route in ROUTES} - {"/saml/continue"}
    assert {path for path in paths if f"`{path}`" not in text} == set()


def test_pictures_are_small_enough_for_a_page() -> None:
    pictures = list((ROOT / "docs" / "images").glob("*.png"))
    assert pictures
    assert all(picture.stat().st_size <= 150_000 for picture in pictures)
