"""The changes that the settings may name, and what they are called."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from idp.config.admin import SECOND_OWNER
from idp.texts import N_

ACTIONS: Final[Mapping[str, str]] = {
    "key:promote": N_("Let another key sign"),
    "key:withdraw": N_("Withdraw a key"),
    "role:grant:owner": N_("Make somebody an owner"),
    "user:turn_off": N_("Turn somebody off"),
    "user:remove": N_("Remove somebody"),
    "rule:change": N_("Change the sign-in rules"),
    "provider:change": N_("Change through which providers people sign in"),
}
assert tuple(ACTIONS) == SECOND_OWNER  # the settings refuse any other
