"""C5: errors name the line. The places that are found are held to what `tomllib` reads."""

from __future__ import annotations

import tomllib

import pytest

from idp.admin.configuration.document import BadConfiguration, File, read
from idp.admin.configuration.lines import places
from tests.admin.configuration.conftest import Configured, Open
from tests.admin.configuration.test_round_trip import ODD, register

HARD = '''
managed_by = "x"   # [[group]]
[[group]] # the first
name = "a [[group]]"
[[ application ]]
name = """
[[group]]
name = "no"
\\""" still
"""
uris = [
  "a]", # ]
  'b[', { x = "}" },
]
access.groups = ["x"]
  "client_name#de" = 'x # y'
literal = \'\'\'
[[application]]
\'\'\'
  [application.sp_metadata]
a = 1
[[application.sp_metadata.acs]]
index = 0
[application."quoted.key"]
b = 2
[[application]]
id = "c" # and "more
'''


def test_C5_tables_and_keys_are_found_whatever_stands_in_values() -> None:
    found = places(HARD)
    said = tomllib.loads(HARD)
    assert found["", 0].keys["managed_by"] == 2
    assert len([key for key in found if key[0] == "group"]) == len(said["group"]) == 1
    assert len([key for key in found if key[0] == "application"]) == len(said["application"]) == 2
    lines = HARD.split("\n")
    for number, values in enumerate(said["application"]):
        assert found["application", number].keys.keys() == values.keys()
        for key, line in found["application", number].keys.items():
            assert key in lines[line - 1], (key, line)


def test_C5_the_places_of_an_export_are_those_of_its_keys(configured: Configured, another: Open) -> None:
    for number in range(3):
        metadata = {"description": ODD, "claims_map": {"a'b": "c", "[[application]]": "x"}, "contacts": ["a@b.example"]}
        register(configured, f"{number} {ODD}", metadata)
    text = configured.export()
    lines = text.split("\n")
    for entry in read([File("x", text)], ("application",)):
        assert lines[entry.line - 1] == "[[application]]"
        assert entry.lines.keys() == entry.values.keys()
        for key, line in entry.lines.items():
            assert lines[line - 1].startswith((f"{key} = ", f"[application.{key}]")), (key, lines[line - 1])


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[[application]\n", "apps.toml: not TOML: "),
        ('a = 1\na = 2\n', "apps.toml: not TOML: Cannot overwrite a value (at line 2, column"),
        ("\n[application]\nname = 'x'\n", "apps.toml:2: application: expected tables, each below a line [["),
        ("\n\ngroup = ['sales']\n", "apps.toml:3: group: expected tables, each below a line [[group]]"),
        ("[[groups]]\nname = 'x'\n", "apps.toml:1: groups: unknown (did you mean group?); expected group, source"),
        ("managed_by = 7\n", "apps.toml:1: managed_by: expected a name of 1 to 200 characters"),
        ('managed_by = ""\n', "apps.toml:1: managed_by: expected a name of 1 to 200 characters"),
        ("[[group]]\nname = 'x'\n\n[roles]\n", "apps.toml:4: roles: unknown"),
        ("x = " + "[" * 5000, "apps.toml: not TOML: "),
    ],
)  # fmt: skip
def test_C5_a_file_that_is_none_is_refused_with_its_place(text: str, said: str) -> None:
    with pytest.raises(BadConfiguration) as caught:
        read([File("apps.toml", text)], ("group", "source", "application", "notice"))
    assert caught.value.lines[0].startswith(said), caught.value.lines


def test_C5_what_is_wrong_in_several_files_is_said_of_all_of_them() -> None:
    with pytest.raises(BadConfiguration) as caught:
        read([File("a.toml", "x = 1"), File("b.toml", "[["), File("c.toml", "")], ("group",))
    assert [line.partition(":")[0] for line in caught.value.lines] == ["a.toml", "b.toml"]
