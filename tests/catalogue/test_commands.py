"""Q1: the commands that the catalogue tells an admin to run exist, and what they set: a list grows."""

from __future__ import annotations

import argparse
import shlex
from functools import cache
from typing import Any

import pytest

from clients.metadata import FIELDS, Wrong
from clients.saml_fields import SAML_FIELDS, SETTINGS
from idp import catalogue
from idp.__main__ import parser
from idp.admin.assertion_consumers import KEY, KIND
from idp.cli import client_changes

_COMMANDS = sorted(
    {
        (entry.command, entry.code)
        for code in catalogue.codes()
        if (entry := catalogue.find(code)) is not None and entry.command.startswith("doorward ")
    }
)


@cache
def _parser() -> argparse.ArgumentParser:
    return parser()


@pytest.mark.parametrize(("command", "code"), _COMMANDS, ids=[code for _, code in _COMMANDS])
def test_Q1_a_command_of_the_catalogue_can_be_run(command: str, code: str, capsys: Any) -> None:
    try:
        args: argparse.Namespace = _parser().parse_args(shlex.split(command)[1:])
    except SystemExit:
        assert "--help" in command, capsys.readouterr().err
        return
    fields = {**FIELDS, **SAML_FIELDS, **SETTINGS, KEY: KIND}
    asked = client_changes.read(getattr(args, "settings", None) or [], {}, fields)
    for key, value in asked.metadata.items():
        assert not isinstance(value, Wrong), value
        fields[key].check(value, True)
    lists = [key for key in asked.metadata if fields[key].shape == "lines" or key == "scope"]
    assert asked.builds or not lists, f"{lists}: a command replaces the whole list, with what works in it"
