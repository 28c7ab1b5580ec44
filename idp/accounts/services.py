"""What people need beside the spine's `Services`."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from idp import services

if TYPE_CHECKING:
    from idp.accounts.directory import Directory
    from idp.accounts.notices import Notices
    from idp.accounts.own.uses import Uses
    from idp.accounts.passwords import Verifier
    from idp.accounts.policy import Policy
    from idp.accounts.sign_in_rules import Rules


@dataclass(frozen=True, kw_only=True)
class Services(services.Services):
    """The running provider, as far as accounts know it."""

    directory: Directory
    passwords: Verifier
    password_policy: Policy
    notices: Notices
    uses: Uses
    rules: Rules
    #: The applications' names, at most so many of them: easy to guess in a password. This room knows no application.
    app_names: Callable[[int], Iterable[str]]
