"""Rules in the words of a page: what one needs, of whom, from where; why it does not hold; what a change means."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from idp.accounts.sign_in_rules import Rule
from idp.admin.rules.changing import ShutsOut
from idp.admin.rules.effects import Effects
from idp.admin.rules.protecting import AsksLess
from idp.protocols import Services
from idp.texts import N_, plural

NEEDS: Final[Mapping[str, str]] = {
    "second": N_("A second factor"),
    "phishing-resistant": N_("A passkey or security key"),
    "none": N_("Nothing more than the sign-in"),
    "deny": N_("Nobody is let in"),
}
LABELS: Final[Mapping[str, str]] = {
    "name": N_("Name"),
    "need": N_("Needs"),
    "max_age_minutes": N_("A sign-in of the last minutes"),
    "groups": N_("Groups"),
    "roles": N_("Roles"),
    "apps": N_("Applications"),
    "networks": N_("From these networks"),
    "outside": N_("From anywhere but these networks"),
    "device": N_("Devices"),
    "starts": N_("Begins on"),
    "grace_days": N_("Days to put it off"),
    "why": N_("What people are told"),
    "order": N_("Order"),
}
UNKNOWN_DEVICE: Final = N_("only devices that were not let off")
WHY_NOT: Final[Mapping[str, str]] = {
    "off": N_("It is turned off."),
    "starts": N_("It has not begun by then."),
    "groups": N_("They are in none of its groups."),
    "roles": N_("They have none of its roles."),
    "apps": N_("It is about other applications."),
    "networks": N_("The address is in none of its networks."),
    "outside": N_("The address is in one of its networks."),
    "device": N_("The device was let off."),
}
OUTCOMES: Final[Mapping[str, str]] = {
    "in": N_("They are in."),
    "denied": N_("They are not let in: a rule says so."),
    "no_access": N_("They may not open the application: it is not open to them."),
    "unmet": N_("They are not let in: nothing that they have or could set up is as strong as what is asked for."),
    "off": N_("They are not let in: the account is turned off."),
}
STEPS: Final[Mapping[str, str]] = {
    "first": N_("They sign in."),
    "session": N_("They are signed in already."),
    "again": N_("They sign in anew, since the sign-in is too old."),
    "prove": N_("They show one of these:"),
    "enrol": N_("They set up one of these:"),
    "renew": N_("They choose a new password, since theirs has run out."),
    "consent": N_("They are asked whether the application may have what it wants, unless they have agreed before."),
}
SHUTS_OUT: Final[Mapping[str, str]] = {
    "owners": N_("This would leave no owner a way in. Limit it to groups, networks or applications."),
    "you": N_("This would shut you out from where you are now. Make it from inside, or let another owner do it."),
    "above": N_(
        "Owners would have to show less than before to sign in. Only an owner may do that: ask one, or leave owners as "
        "they are."
    ),
    "all": N_("Nobody whom it concerns has what it asks for, or could set it up here."),
}
ACTIONS: Final[Mapping[str, str]] = {
    "rule:add": N_("Added"),
    "rule:change": N_("Changed"),
    "rule:on": N_("Turned on"),
    "rule:off": N_("Turned off"),
    "rule:move": N_("Put in another order"),
    "rule:remove": N_("Removed"),
    "rule:restore": N_("Brought back"),
}


def shut(error: ShutsOut | AsksLess) -> str:
    """Why a rule is refused."""
    return SHUTS_OUT[error.whom]


def told(found: Effects) -> list[str]:
    """What a change means for people, a sentence each."""
    return [sentence(count) for count, sentence in _counted(found) if count]


def _counted(found: Effects) -> Iterator[tuple[int, Callable[[int], str]]]:
    yield found.without, lambda n: plural(
        "%(n)s person without such a factor will be asked to set one up.",
        "%(n)s people without such a factor will be asked to set one up.", n,
    )  # fmt: skip
    yield found.stuck, lambda n: plural(
        "%(n)s person could not: nothing that can be set up here would do.",
        "%(n)s people could not: nothing that can be set up here would do.", n,
    )  # fmt: skip
    yield (
        found.denied,
        lambda n: plural(
            "%(n)s person will not be let in where it holds.", "%(n)s people will not be let in where it holds.", n
        ),
    )
    yield (
        found.again,
        lambda n: plural(
            "%(n)s person will sign in anew after its time.", "%(n)s people will sign in anew after its time.", n
        ),
    )
    yield (
        found.released,
        lambda n: plural(
            "%(n)s person may sign in with less than before.", "%(n)s people may sign in with less than before.", n
        ),
    )


def conditions(services: Services, rule: Rule) -> list[tuple[str, list[str]]]:
    """Each thing that a rule says beside what it needs: its label, and its values."""
    found = []
    for key, value in rule.said().items():
        if key not in ("name", "need"):
            found.append((LABELS[key], values(services, key, value)))
    return found


def values(services: Services, key: str, value: Any) -> list[str]:
    """A value of a rule for people, a line each."""
    if key == "apps":
        return [app_name(services, one) for one in value or ()]
    if key == "device":
        return [UNKNOWN_DEVICE] if value == "unknown" else []
    if key == "need":
        return [NEEDS.get(value, str(value))] if value else [NEEDS["second"]]
    return [str(one) for one in value] if isinstance(value, (list, tuple)) else [] if value is None else [str(value)]


def app_name(services: Services, client_id: str) -> str:
    """What an application is called; its id where it is gone."""
    client = services.registry.find(client_id)
    return client.name if client is not None else client_id
