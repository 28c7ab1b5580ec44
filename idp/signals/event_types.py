"""The events that are really sent, and how each looks (CAEP 1.0 §3, RISC 1.0 §2, SSF 1.0 §8.1)."""

from __future__ import annotations

from typing import Any, Final

CAEP: Final = "https://schemas.openid.net/secevent/caep/event-type/"
RISC: Final = "https://schemas.openid.net/secevent/risc/event-type/"
SSF: Final = "https://schemas.openid.net/secevent/ssf/event-type/"
SESSION_REVOKED: Final = CAEP + "session-revoked"
CREDENTIAL_CHANGE: Final = CAEP + "credential-change"
ACCOUNT_DISABLED: Final = RISC + "account-disabled"
ACCOUNT_ENABLED: Final = RISC + "account-enabled"
ACCOUNT_PURGED: Final = RISC + "account-purged"
IDENTIFIER_CHANGED: Final = RISC + "identifier-changed"
RECOVERY_CHANGED: Final = RISC + "recovery-information-changed"
VERIFICATION: Final = SSF + "verification"
STREAM_UPDATED: Final = SSF + "stream-updated"

SUPPORTED: Final = (
    SESSION_REVOKED, CREDENTIAL_CHANGE, ACCOUNT_DISABLED, ACCOUNT_ENABLED, ACCOUNT_PURGED, IDENTIFIER_CHANGED,
    RECOVERY_CHANGED,
)  # fmt: skip

#: Why a session has ended, as a receiver reads it: who began it (CAEP §2), and a sentence. What names an application or
#: a place is for our own record alone.
_ENDED: Final = {
    "signed out": ("user", "The person has signed out."),
    "signed in anew": ("user", "Somebody else has signed in, in the same browser."),
    "this browser's sign-in was reset": ("user", "The person has reset the sign-in of this browser."),
    "the person ended it from another device": ("user", "The person has ended the session from another device."),
    "the person said that it was not them": ("user", "The person has said that it was not them."),
    "ended by an admin": ("admin", "An admin has ended the session."),
    "account disabled": ("", "The account has been turned off."),
    "account removed": ("", "The account has been removed."),
    "password changed": ("", "The password has been changed."),
    "its cookie was used in two places": ("policy", "The session's cookie was used in two places."),
}
_GENERAL: Final = ("", "The session has ended.")
_AT_AN_APPLICATION: Final = ("user", "The person has signed out at an application.")
_CREDENTIAL: Final = {
    "create": "A credential was added.", "update": "A credential was replaced.", "delete": "A credential was removed.",
    "revoke": "A credential was withdrawn.",
}  # fmt: skip


def session_revoked(why: str, at: int) -> dict[str, Any]:
    """CAEP §3.1. `why`: as the session's row has it."""
    found = _AT_AN_APPLICATION if why.startswith("signed out at ") else _ENDED.get(why, _GENERAL)
    return _with(found[0], found[1], at)


def credential_change(credential: str, change: str, at: int) -> dict[str, Any]:
    """CAEP §3.3: which kind of credential, and what became of it; never which one."""
    return {"credential_type": credential, "change_type": change, **_with("", _CREDENTIAL[change], at)}


def _with(by: str, reason: str, at: int) -> dict[str, Any]:
    # CAEP §2: a reason is an object by language.
    began = {"initiating_entity": by} if by else {}
    return {"event_timestamp": at, **began, "reason_admin": {"en": reason}}
