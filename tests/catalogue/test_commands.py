"""Q1: the commands that the catalogue tells an admin to run exist, and so do the settings that they set."""

from __future__ import annotations

import argparse
import shlex
from functools import cache
from typing import Any

import pytest

from clients.metadata import FIELDS, read_setting
from clients.saml_fields import SAML_FIELDS, SETTINGS
from idp import catalogue
from idp.__main__ import parser

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
    for pair in getattr(args, "settings", None) or []:
        key, _, value = pair.partition("=")
        if key != "profile":
            read_setting(key, value, {**FIELDS, **SAML_FIELDS, **SETTINGS})
