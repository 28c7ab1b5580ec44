"""The post: does the jobs that pages queued, and reads the mails that come of them as their readers would."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

from idp.mail import rendering
from tests.provider import Provider

MAIL = {"host": "mail.example"}


@dataclass(frozen=True)
class Mail:
    """One mail on its way."""

    to: str
    message: str
    values: dict[str, Any]
    subject: str
    text: str

    @property
    def link(self) -> str:
        """The path of the first link of ours in it that carries a secret."""
        found = re.search(r"https://login\.example/((?:setup|recovery/undo)/\S+)", self.text)
        assert found, self.text
        return found[1]

    @property
    def code(self) -> str:
        """The code in it."""
        found = re.search(r"\b\d{4} \d{4}\b|\b\d{6}\b", self.text)
        assert found, self.text
        return found[0]


def collect(provider: Provider, message: str = "") -> list[Mail]:
    """Do every job that waits, and take the mails out; of one kind where it is given."""
    services, found = provider.services, []
    while waiting := [job for job in services.jobs.pending() if job.state == "waiting"]:
        for job in waiting:
            if job.name in ("mail", "sms"):
                found.append(_read(provider, job.name, job.payload))
            else:
                services.jobs.perform(job.name, job.payload)
            services.jobs.forget(job.id)
    return [mail for mail in found if not message or mail.message == message]


def _read(provider: Provider, job: str, payload: dict[str, Any]) -> Mail:
    services = provider.services
    content = json.loads(services.sealer.open("mail", payload["sealed"], job.encode()))
    assert provider.issuer.partition("//")[2] in json.dumps(content) or "link" not in content["values"]
    if job == "sms":
        return Mail(content["to"], content["message"], content["values"], "", rendering.short(services, content))
    letter = rendering.letter(services, {"at": services.clock(), **content})
    assert letter.html
    return Mail(content["to"], content["message"], content["values"], letter.subject, letter.text)
