"""Where messages go on a development machine without a mail server: files in the data folder, read at /dev/outbox.

They hold codes and links, so this exists on a loopback issuer only.
"""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from idp.config import is_loopback
from idp.ids import new_id

if TYPE_CHECKING:
    from idp.accounts.services import Services
    from idp.config import Settings
    from idp.mail.rendering import Letter

NEWEST = 50  # messages that are kept


@dataclass(frozen=True, slots=True)
class Kept:
    """A message in the outbox. `html` is '' for a text message."""

    id: str
    at: float
    to: str
    message: str
    subject: str
    text: str
    html: str


def is_used(settings: Settings) -> bool:
    """Whether mail is kept here: no mail server, and an issuer that only this machine reaches."""
    return not settings.mail.host and is_development(settings)


def is_development(settings: Settings) -> bool:
    """Whether the issuer is on this machine, so that nobody else signs in."""
    return is_loopback(urlsplit(settings.server.issuer).hostname or "")


def is_open(settings: Settings) -> bool:
    """Whether there is an outbox to look into: for mail, or for text messages (the sender `console`)."""
    return is_used(settings) or (settings.sms.sender == "console" and is_development(settings))


def keep(services: Services, to: str, message: str, letter: Letter) -> None:
    """Put a mail in."""
    now = services.clock()
    write(services, Kept(new_id(now), now, to, message, letter.subject, letter.text, letter.html))


def keep_text(services: Services, to: str, message: str, text: str) -> None:
    """Put a text message in."""
    now = services.clock()
    write(services, Kept(new_id(now), now, to, message, "", text, ""))


def write(services: Services, kept: Kept) -> None:
    """One file each, so that any number of processes may write at once."""
    folder = _folder(services)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    unfinished = folder / f".{kept.id}"
    with os.fdopen(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        json.dump(asdict(kept), file)
    unfinished.rename(folder / f"{kept.id}.json")
    for old in sorted(folder.glob("*.json"))[:-NEWEST]:
        old.unlink(missing_ok=True)


def newest(services: Services) -> list[Kept]:
    """What is kept, the newest first."""
    found = []
    for file in sorted(_folder(services).glob("*.json"), reverse=True)[:NEWEST]:
        try:
            found.append(Kept(**json.loads(file.read_text("utf-8"))))
        except (OSError, ValueError, TypeError):  # swept by another process, or not ours
            continue
    return found


def _folder(services: Services) -> Path:
    return services.settings.data_dir / "outbox"
