"""Backups, made by the server itself or by `doorward backup`."""

from __future__ import annotations

from typing import Self

from pydantic import Field, model_validator

from idp.config.section import Section


class Backup(Section):
    """Backups: everything in the database, encrypted. See docs/backup.md."""

    folder: str = Field(
        "",
        description="Where the server puts one every every_hours, best a disk of another machine. Empty: it makes none by itself.",
    )
    every_hours: int = Field(24, ge=1, le=744, description="Hours from one to the next, counted from midnight UTC.")
    keep: int = Field(
        14, ge=1, le=10000, description="So many of them are kept; older ones go when a new one is whole."
    )
    recipients: list[str] = Field(
        [],
        description="Public keys (age1…) that they are encrypted for: this machine can then write backups, and open none.",
    )
    passphrase: str = Field(
        "", description="Or a passphrase of 16 characters and more, meant for DOORWARD_BACKUP_PASSPHRASE."
    )
    passphrase_file: str = Field("", description="Or a file whose first line is the passphrase, mode 0600.")
    with_master_key: bool = Field(
        False,
        description="Whether the master key goes into them. Whoever opens one can then do everything; without it two things have to be kept.",
    )

    @model_validator(mode="after")
    def _encrypted(self) -> Self:
        given = [bool(self.recipients), bool(self.passphrase), bool(self.passphrase_file)]
        if sum(given) > 1:
            raise ValueError("expected one of recipients, passphrase and passphrase_file")
        if self.folder and not any(given):
            raise ValueError("a backup is encrypted: give recipients, a passphrase_file, or DOORWARD_BACKUP_PASSPHRASE")
        return self
