"""Messages to people."""

from __future__ import annotations

import re
from typing import Literal, Self

from pydantic import Field, field_validator, model_validator

from idp.config.hosts import is_loopback
from idp.config.section import Section


class Mail(Section):
    """The mail server. Without one, and on this machine only, mail is kept in an outbox to read at /dev/outbox."""

    host: str = Field("", description="The SMTP server's name, as its TLS certificate has it. Empty: none.")
    port: int = Field(587, ge=1, le=65535, description="587 for starttls, 465 for tls.")
    tls: Literal["starttls", "tls", "none"] = Field(
        "starttls", description="starttls, tls from the first byte, or none: for a server on this machine."
    )
    username: str = Field("", description="The name to sign in to the mail server with. Empty: it asks for none.")
    password: str = Field("", description="Its password; better in the environment as DOORWARD_MAIL_PASSWORD.")
    sender: str = Field(
        "",
        description='Who mail comes from, such as "Example <login@example.com>". Empty: the company, no-reply@ the issuer\'s host.',
    )
    reply_to: str = Field("", description="Where answers go, such as the help desk's address. Empty: to the sender.")
    dkim_selector: str = Field(
        "",
        pattern=r"^([A-Za-z0-9]([A-Za-z0-9_-]*[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9_-]*[A-Za-z0-9])?)*)?$",
        max_length=63,
        description="The selector that your mail server signs with (DKIM): `doorward doctor` looks for its key in DNS. Empty: it looks for none.",
    )
    ca: str = Field("", description="A file of CA certificates to trust for the mail server, in place of the system's.")
    timeout: int = Field(20, ge=1, le=120, description="Seconds that the mail server may take for each step.")

    @field_validator("sender", "reply_to")
    @classmethod
    def _address(cls, value: str) -> str:
        from idp import mailbox

        try:
            if value:
                mailbox.read(value)
        except ValueError as error:
            raise ValueError(
                f'{error}: expected an address such as login@example.com or "Example, Inc. <login@example.com>"'
            ) from None
        return value

    @model_validator(mode="after")
    def _in_clear(self) -> Self:
        if self.host and self.tls == "none" and not is_loopback(self.host):
            raise ValueError(
                "codes and links are secrets: set tls to starttls or tls; none is taken for a mail server on this machine"
            )
        return self


class Sms(Section):
    """Text messages with sign-in codes."""

    sender: Literal["", "webhook", "smpp", "console"] = Field(
        "", description="webhook, smpp, or console (the outbox of a development machine). Empty: no text messages."
    )
    url: str = Field(
        "",
        description="webhook: the https URL that each message is posted to as JSON. smpp: smpps://host:port or smpp://host:port.",
    )
    token: str = Field(
        "",
        description="webhook: sent as a bearer token. smpp: the password. Better in the environment as DOORWARD_SMS_TOKEN.",
    )
    username: str = Field("", description="smpp: the system_id.")
    originator: str = Field("", description="The number or name that messages come from, where the provider wants one.")

    @field_validator("url")
    @classmethod
    def _url(cls, value: str) -> str:
        if value and not re.fullmatch(r"(https?|smpps?)://[^\s@]+", value):
            raise ValueError("expected https://… for a webhook, smpps://host:port for SMPP")
        return value

    @model_validator(mode="after")
    def _where(self) -> Self:
        schemes = {"webhook": ("https:", "http:"), "smpp": ("smpps:", "smpp:")}.get(self.sender)
        if schemes and not self.url.startswith(schemes):
            raise ValueError(f"the sender {self.sender} needs a url that starts with {schemes[0]}//")
        if self.sender == "smpp" and (len(self.token) > 8 or len(self.username) > 15):
            # SMPP 3.4 §4.1.1: no longer ones fit into the protocol.
            raise ValueError("SMPP has room for 8 characters of password (token) and 15 of username")
        return self
