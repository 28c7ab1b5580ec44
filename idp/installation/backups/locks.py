"""What a backup is encrypted for, and what opens one: from the settings, or from what somebody gave a command."""

from __future__ import annotations

import stat
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from idp.installation.failures import Refused

from . import age

if TYPE_CHECKING:
    from idp.config import Settings

#: Whoever has the file may guess as long as they like, so it is longer than a password of a person.
LEAST = 16  # characters


def of_settings(settings: Settings) -> list[age.Recipient]:
    """What backups of this installation are encrypted for; empty where nothing is set. Errors: `Refused`."""
    backup = settings.backup
    if backup.recipients:
        return [read_recipient(text, "backup.recipients") for text in backup.recipients]
    passphrase = passphrase_of(settings)
    return (
        [good(passphrase, "backup.passphrase (DOORWARD_BACKUP_PASSPHRASE, backup.passphrase_file)")]
        if passphrase
        else []
    )


def passphrase_of(settings: Settings) -> str:
    """The passphrase of the settings; '' for none. Errors: `Refused`."""
    backup = settings.backup
    if backup.passphrase_file:
        return first_line(settings.path(backup.passphrase_file))
    return backup.passphrase


def good(text: str, where: str) -> age.Passphrase:
    """A passphrase that a backup may be encrypted to. Errors: `Refused`."""
    if len(text) < LEAST:
        raise Refused(f"{where} has fewer than {LEAST} characters: `openssl rand -base64 24` makes one")
    return age.Passphrase(text)


def read_recipient(text: str, where: str) -> age.PublicKey:
    """Errors: `Refused`."""
    try:
        return age.PublicKey.read(text)
    except ValueError:
        if text.strip().upper().startswith("AGE-SECRET-KEY-"):  # it is not said again
            raise Refused(f"{where}: that is the secret key; give the public one, which begins with age1") from None
        raise Refused(f"{where}: {text} is no public key of age: expected age1… (mistyped?)") from None


def read_identities(file: Path) -> list[age.SecretKey]:
    """The secret keys in a file, as `age-keygen` and `doorward backup key` write it. Errors: `Refused`."""
    lines = [line for line in map(str.strip, _text(file).splitlines()) if line and not line.startswith("#")]
    try:
        found = [age.SecretKey.read(line) for line in lines]
    except ValueError:
        found = []
    if not found:
        raise Refused(f"{file} has no secret key of age: expected a line AGE-SECRET-KEY-1…")
    return found


def first_line(file: Path) -> str:
    """Errors: `Refused`."""
    lines = _text(file).splitlines()
    if not lines or not lines[0]:
        raise Refused(f"{file} is empty: expected a passphrase on its first line")
    return lines[0]


def _text(file: Path) -> str:
    try:
        if stat.S_ISREG(file.stat().st_mode) and stat.S_IMODE(file.stat().st_mode) & 0o077:
            raise Refused(f"others can read {file}: run `chmod 600 {file}`")
        return file.read_text("utf-8")
    except OSError as error:
        raise Refused(f"{file} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise Refused(f"{file} is no text in UTF-8") from None


def all_identities(settings: Settings, files: Sequence[Path], passphrase: str) -> list[age.Identity]:
    """What may open a file: given ones, else that of the settings. Errors: `Refused`."""
    found: list[age.Identity] = [key for file in files for key in read_identities(file)]
    if passphrase:
        found.append(age.Passphrase(passphrase))
    if not found and (kept := passphrase_of(settings)):
        found.append(age.Passphrase(kept))
    return found
