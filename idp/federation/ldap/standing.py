"""How an account stands in the directory, as its answers to a bind and its attributes say it. Pure.

What a page tells goes to whoever has proven the password alone, so each says whether the directory has proven it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from idp.federation.ldap.answers import INVALID_CREDENTIALS, Bound, Entry

OK: Final = "ok"
WRONG: Final = "wrong"
EXPIRED: Final = "password_expired"
MUST_CHANGE: Final = "must_change"
DISABLED: Final = "disabled"
ENDED: Final = "account_expired"
HOURS: Final = "hours"
PLACE: Final = "place"
LOCKED: Final = "locked"

#: AD's sub-codes (MS-ERREF); those of a right password alone, as AD looks at the password first.
_PROVEN: Final[Mapping[str, str]] = {
    "530": HOURS, "531": PLACE, "532": EXPIRED, "533": DISABLED, "701": ENDED, "773": MUST_CHANGE,
}  # fmt: skip
#: Said whether the password was right or not: nobody is told.
_UNPROVEN: Final[Mapping[str, str]] = {"525": WRONG, "52e": WRONG, "775": LOCKED}
_DATA: Final = re.compile(r"\bdata ([0-9a-f]{3,8})\b")
#: draft-behera-ldap-password-policy §6.2: passwordExpired, accountLocked, changeAfterReset.
_P_EXPIRED, _P_LOCKED, _P_RESET = 0, 1, 2
_DAY: Final = 86400.0
_EPOCH_AS_FILETIME: Final = 11644473600  # seconds from 1601 to 1970
_NEVER: Final = (0, 0x7FFFFFFFFFFFFFFF)
_ACCOUNTDISABLE, _PASSWORD_EXPIRED = 0x2, 0x800000


@dataclass(frozen=True, slots=True)
class Standing:
    """What came of it. `is_proven`: the password was right, whatever else there is."""

    state: str
    is_proven: bool

    @property
    def ok(self) -> bool:
        """Whether they may come in."""
        return self.state == OK


def of_bind(bound: Bound) -> Standing:
    """What a bind has shown."""
    if bound.ok:
        return Standing(MUST_CHANGE if bound.policy == _P_RESET else OK, True)
    if bound.code != INVALID_CREDENTIALS:
        return Standing(WRONG, False)
    if bound.policy == _P_EXPIRED:  # the overlay looks at it once the password was right
        return Standing(EXPIRED, True)
    if bound.policy == _P_LOCKED:
        return Standing(LOCKED, False)
    found = _DATA.search(bound.said)
    code = found[1].lower() if found is not None else ""
    if code in _PROVEN:
        return Standing(_PROVEN[code], True)
    return Standing(_UNPROVEN.get(code, WRONG), False)


#: What has to be read of an entry to know.
ATTRIBUTES: Final = (
    "userAccountControl", "accountExpires", "msDS-User-Account-Control-Computed", "pwdLastSet", "shadowExpire",
    "shadowLastChange", "shadowMax", "nsAccountLock", "loginDisabled",
)  # fmt: skip


def of_entry(entry: Entry, now: float) -> str:
    """What the attributes say, for directories whose bind does not look at them. `now`: epoch seconds."""
    if is_disabled(entry):
        return DISABLED
    if has_ended(entry, now):
        return ENDED
    if _number(entry, "pwdLastSet") == 0:
        return MUST_CHANGE
    if (_number(entry, "msDS-User-Account-Control-Computed") or 0) & _PASSWORD_EXPIRED:
        return EXPIRED
    changed, most = _number(entry, "shadowLastChange"), _number(entry, "shadowMax")
    if changed == 0:  # shadow(5): at the next sign-in
        return MUST_CHANGE
    if changed is not None and most is not None and 0 <= most < 99999 and now > (changed + most) * _DAY:
        return EXPIRED
    return OK


def is_disabled(entry: Entry) -> bool:
    """Whether an admin there has turned it off."""
    is_off = any(entry.text(name).lower() == "true" for name in ("nsAccountLock", "loginDisabled"))
    return is_off or bool((_number(entry, "userAccountControl") or 0) & _ACCOUNTDISABLE)


def has_ended(entry: Entry, now: float) -> bool:
    """Whether its last day is over."""
    ticks = _number(entry, "accountExpires")  # 100 ns since 1601
    if ticks is not None and ticks not in _NEVER and now >= ticks / 10_000_000 - _EPOCH_AS_FILETIME:
        return True
    day = _number(entry, "shadowExpire")
    return day is not None and day >= 0 and now >= day * _DAY


def _number(entry: Entry, name: str) -> int | None:
    text = entry.text(name)
    return int(text) if re.fullmatch(r"-?[0-9]{1,20}", text) else None
