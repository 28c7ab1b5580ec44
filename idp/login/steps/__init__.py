"""The steps of a sign-in, as types; one file for each shows its page and takes its POST.

Door: `policy.next_step` answers one of the types; the engine knows whose file it is; `login.views` has the paths.
Rule: no step leads to another. What came of a POST is a value of `outcomes`, and the engine asks the policy anew.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final


@dataclass(frozen=True, slots=True)
class Identify:
    """Say who you are: nobody is known here, or somebody else, or not freshly enough.

    `notice`, `error`: what the page says above the form; `typed`: the name that stands in it. `anew`: somebody else is
    wanted than whoever this device remembers.
    """

    notice: str = ""
    error: str = ""
    typed: str = ""
    anew: bool = False


@dataclass(frozen=True, slots=True)
class ChooseAccount:
    """Choose one of the accounts that are signed in here, or another one."""


@dataclass(frozen=True, slots=True)
class Prove:
    """Prove more. `authenticators`: the kinds of those that would do, the best first."""

    authenticators: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Enrol:
    """Set up a second factor. `until`: when it can be put off no longer, 0 for now; `why`: the rule's own words.

    `helped`: nobody asks but we, since a code of the help desk let them in.
    """

    until: float = 0.0
    why: str = ""
    helped: bool = False


@dataclass(frozen=True, slots=True)
class Renew:
    """Choose a new password in place of one that ran out."""


@dataclass(frozen=True, slots=True)
class Consent:
    """Say whether the application may have what it asks for."""


@dataclass(frozen=True, slots=True)
class Deny:
    """The conversation ends without a person. Each protocol has its own words for `code`."""

    #: login_required, consent_required, account_selection_required, access_denied or unmet_authentication_requirements
    code: str
    description: str
    #: What lies behind access_denied: "cancelled", "declined" (the consent), "policy" (the app's own) or "rule"
    cause: str = ""
    #: Whom it is about, for the record; '' where nobody is proven. Two denials of one cause are the same.
    person_id: str = field(default="", compare=False)

    @property
    def side(self) -> str:
        """Who has to do something about it: nobody, where it is what the house or the person wants."""
        return "nobody" if self.cause in ("policy", "rule", "declined") else "application"

    @property
    def kind(self) -> str:
        """Its entry in `idp.catalogue`."""
        return _DENIED.get(self.cause) or _DENIED.get(self.code, "sign_in_failed")


_DENIED: Final = {
    "cancelled": "cancelled", "declined": "consent_declined", "rule": "no_access_by_rule", "policy": "no_access",
    "login_required": "prompt_none", "interaction_required": "prompt_none",
    "account_selection_required": "prompt_none", "consent_required": "consent_needed", "access_denied": "no_access",
    "unmet_authentication_requirements": "too_weak",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Done:
    """Proven: the protocol may answer."""


Page = Identify | ChooseAccount | Prove | Enrol | Renew | Consent
Step = Page | Deny | Done
