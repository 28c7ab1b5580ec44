"""What owners should see to: an alarm that nobody has looked at, an envelope that nobody has tried or that is empty."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from idp.accounts import break_glass, factors
from idp.accounts.break_glass import BreakGlass
from idp.accounts.factors import backup_codes
from idp.protocols import Services
from idp.texts import N_, plural

_DAY: Final = 86400.0
OLD: Final = 366 * _DAY  # of a password and codes on paper


@dataclass(frozen=True, slots=True)
class Standing:
    """How one stands. `codes`: unused ones; `keys`: authenticators beside them."""

    account: BreakGlass
    codes: int
    keys: int


def of(services: Services, one: BreakGlass) -> Standing:
    """Two reads."""
    return Standing(
        one, backup_codes.left(services.db, one.person_id), len(factors.list_of(services.db, one.person_id))
    )


def findings(services: Services) -> Iterator[tuple[str, str]]:
    """Kind and sentence of each."""
    for one in break_glass.every(services.db):
        for text in about(services, of(services, one)):
            yield "break_glass", text


def about(services: Services, standing: Standing) -> Iterator[str]:
    """Of one account."""
    one, now = standing.account, services.clock()
    name, days = one.username, services.settings.admin.break_glass_try_days
    if one.alarm_at is not None:
        yield N_(
            "%(name)s: this break-glass account was used, or somebody tried. Look, and say that you have.", name=name
        )
    since = now - (one.used_at or one.made_at)
    if days and since > days * _DAY and one.used_at is None:
        yield N_("%(name)s: this break-glass account was never tried. Sign in with it once.", name=name)
    elif days and since > days * _DAY:
        yield plural(
            "%(name)s: this break-glass account was last tried %(n)s day ago. Sign in with it once.",
            "%(name)s: this break-glass account was last tried %(n)s days ago. Sign in with it once.",
            int(since // _DAY), name=name,
        )  # fmt: skip
    if now - one.secrets_at > OLD:
        yield N_("%(name)s: password and codes of this break-glass account are more than a year old.", name=name)
    if standing.codes <= backup_codes.FEW and not standing.keys:
        yield plural(
            "%(name)s: %(n)s code of this break-glass account is left. Make new ones.",
            "%(name)s: %(n)s codes of this break-glass account are left. Make new ones.", standing.codes, name=name,
        )  # fmt: skip
