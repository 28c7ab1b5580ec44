"""What a check of `doorward doctor` found."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

#: The page of the catalogue about each check; all that is about a file has one.
PAGES: Final = {
    "config": "doctor_config", "issuer": "doctor_issuer", "data folder": "doctor_data_folder", "disk": "doctor_disk",
    "master key": "doctor_master_key", "database": "doctor_database", "python": "doctor_python",
    "state": "doctor_state", "clock": "doctor_clock", "keys": "doctor_keys", "owner": "doctor_owner",
    "passkeys": "doctor_passkeys", "applications": "doctor_applications", "passwords": "doctor_passwords",
    "self_registration": "doctor_self_registration", "saml": "doctor_saml", "mail": "doctor_mail",
    "sms": "doctor_sms", "record": "doctor_record", "traffic": "doctor_traffic", "proxy": "doctor_proxy",
    "processes": "doctor_processes", "server": "doctor_server", "address": "doctor_server", "sender": "doctor_mail",
    "limits": "doctor_limits", "backup": "doctor_backup",
    "settings": "doctor_settings", "certificates": "doctor_certificates", "groups": "doctor_groups",
    "kerberos": "doctor_kerberos", "": "doctor_file",
}  # fmt: skip
CLOCK_SLACK = 2.0  # seconds that two clocks may differ


@dataclass(frozen=True)
class Finding:
    """What one check found. `fix`: what to do, '' where nothing is."""

    check: str
    status: Literal["ok", "warning", "error"]
    text: str
    fix: str = ""

    @property
    def page(self) -> str:
        """The kind of the catalogue that has more; '' where all is well."""
        return "" if self.status == "ok" else PAGES.get(self.check, PAGES[""] if "." in self.check else "")


Found = Iterator[Finding]


def mode_of(path: Path) -> int:
    """Who may do what with a file, as `chmod` has it."""
    return stat.S_IMODE(path.stat().st_mode)
