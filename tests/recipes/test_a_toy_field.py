"""The recipe "Add a client metadata field" of CONTRIBUTING.md, followed to the letter: its one row, no line of ours."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

from clients import metadata, profiles, relying_party
from clients.errors import InvalidMetadata
from clients.metadata import parse_setting
from tests.provider import Provider
from tests.recipes.guide import blocks

NAME = "badge_colours"


@pytest.fixture(autouse=True)
def party(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The file with the row in it, loaded as it would be, in the place of the one that is there."""
    (row,) = blocks("Add a client metadata field")
    assert relying_party.__file__ is not None
    source = Path(relying_party.__file__).read_text()
    first = "    redirect_uris: "
    file = tmp_path / "relying_party.py"
    file.write_text(source.replace(first, f"    {row.strip()}\n{first}", 1))
    spec = importlib.util.spec_from_file_location("a_toy_relying_party", file)
    assert spec is not None
    assert spec.loader is not None
    made = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, spec.name, made)  # where a dataclass looks for its own names
    spec.loader.exec_module(made)
    monkeypatch.setattr(relying_party, "build", made.build)
    monkeypatch.setitem(metadata.FIELDS, NAME, made.FIELDS[NAME])
    monkeypatch.setitem(profiles.DEFAULTS, NAME, made.FIELDS[NAME].default)  # type: ignore[arg-type]
    return made


def test_it_is_registered_kept_and_shown(provider: Provider) -> None:
    client = provider.add_client("Gate", badge_colours=["green"]).client
    assert client.oidc.badge_colours == {"green"}
    assert client.metadata[NAME] == ["green"]
    assert provider.services.registry.get(client.id).oidc.badge_colours == {"green"}


def test_who_says_nothing_has_the_default(provider: Provider) -> None:
    assert provider.add_client("Gate").client.oidc.badge_colours == {"blue"}


def test_a_wrong_value_is_refused_and_the_command_line_reads_a_right_one(provider: Provider) -> None:
    with pytest.raises(InvalidMetadata, match="badge_colours: 'red': expected one of blue, green"):
        provider.add_client("Gate", badge_colours=["red"])
    assert parse_setting(NAME, "blue,green") == ["blue", "green"]
