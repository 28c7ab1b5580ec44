"""Who keeps a passkey, and where, in words: by the AAGUID that its authenticator names, and by its backup flags
(WebAuthn level 3 §6.5.1, §6.1.3).

For people to know their own passkeys again, and for nothing else: without attestation anybody may claim any of these.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from idp.texts import N_

MAKERS: Final[Mapping[str, str]] = {
    "ea9b8d66-4d01-1d21-3ce4-b6b48cb575d4": "Google Password Manager",
    "fbfc3007-154e-4ecc-8c0b-6e020557d7bd": "iCloud Keychain",
    "dd4ec289-e01d-41c9-bb89-70fa845d4bf2": "iCloud Keychain",
    "adce0002-35bc-c60a-648b-0b25f1f05503": "Chrome",
    "08987058-cadc-4b81-b6e1-30de50dcbe96": "Windows Hello",
    "9ddd1817-af5a-4672-a2b9-3e3dd95000a9": "Windows Hello",
    "6028b017-b1d4-4c02-b4b3-afcdafc96bb2": "Windows Hello",
    "53414d53-554e-4700-0000-000000000000": "Samsung Pass",
    "bada5566-a7aa-401f-bd96-45619a55120d": "1Password",
    "d548826e-79b4-db40-a3d8-11116f7e8349": "Bitwarden",
    "531126d6-e717-415c-9320-3d9aa6981239": "Dashlane",
    "0ea242b4-43c4-4a1b-8b17-dd6d0b6baec6": "Keeper",
    "b84e4048-15dc-4dd0-8640-f4f60813c8af": "NordPass",
    "50726f74-6f6e-5061-7373-50726f746f6e": "Proton Pass",
    "fdb141b2-5d84-443e-8a35-4698c205a502": "KeePassXC",
    "2fc0579f-8113-47ea-b116-bb5a8db9202a": "YubiKey",
    "cb69481e-8ff7-4039-93ec-0a2729a154a8": "YubiKey",
}


def maker_of(aaguid: object) -> str:
    """The maker's name; '' where it is none of the well-known ones."""
    return MAKERS.get(str(aaguid or "").lower(), "")


SYNCED = N_("works on your other devices, too")
NOT_YET = N_("can be synced to your other devices, and is not yet")
BOUND = N_("stays on its one device or key")


def kept_where(data: Mapping[str, Any]) -> str:
    """Whether a credential is synced, could be, or never is; '' where its authenticator has not said so."""
    if "backup_eligible" not in data and "backed_up" not in data:
        return ""
    if data.get("backed_up"):
        return SYNCED
    return NOT_YET if data.get("backup_eligible") else BOUND
