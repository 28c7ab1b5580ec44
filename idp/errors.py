"""What can go wrong, in three texts: for the person, for the application's developer, for the log.

`Refused` is shown on our own page, since we cannot trust where an answer would go. `OAuthError` and `SamlError` go to
the application. All are raised anywhere below and caught once per endpoint. An expected "no" is a value, no exception.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass

from idp.texts import N_

# Letters and digits that nobody confuses on the phone.
_ID_ALPHABET = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"


def new_error_id() -> str:
    """An error page's id."""
    return new_spoken_id("E")


def new_spoken_id(letter: str, choice: Callable[[str], str] = secrets.choice) -> str:
    """An id that a person can read out: a letter that says what it is of, and ten characters (50 bits)."""
    code = "".join(choice(_ID_ALPHABET) for _ in range(10))
    return f"{letter}-{code[:5]}-{code[5:]}"


@dataclass(frozen=True)
class Explanation:
    """What an admin reads under an error's id: which side is wrong, and the fix.

    `field`: the parameter, header, claim or setting that it is about, with what belongs there and what came.
    """

    side: str  # "application", "person", "doorward"
    fix: str
    field: str = ""
    expected: str = ""
    got: str = ""


class Refused(Exception):
    """Shown on our page. `code` names the kind in logs and events; `detail` never reaches the page.

    `kind`: its entry in `idp.catalogue`, where the code is not the entry's name. `evidence`: what came in, decoded, for
    the admin who looks the error up. `way_on`: an address of ours to go on at, in place of the start. `leads_to`: one
    of the application's, for whoever presses its button.
    """

    def __init__(
        self,
        code: str,
        message: str,
        *,
        kind: str = "",
        advice: str = N_(
            "Go back to the application and try again. If it happens again, send the error id to your IT."
        ),
        developer: str = "",
        detail: str = "",
        title: str = N_("This did not work"),
        explanation: Explanation | None = None,
        client_id: str | None = None,
        status: int = 400,
        evidence: str = "",
        way_on: str = "",
        leads_to: str = "",
    ) -> None:
        super().__init__(code)
        self.way_on, self.leads_to = way_on, leads_to
        self.code, self.message, self.advice, self.developer, self.detail = code, message, advice, developer, detail
        self.title, self.client_id, self.status, self.evidence = title, client_id, status, evidence
        self.kind = kind or code
        self.explanation = explanation or Explanation("application", developer or advice)


class OAuthError(Exception):
    """An error of RFC 6749 and its family, sent to the application.

    `kind`: its entry in `idp.catalogue`; a code has many. `description` is for its developer; `detail` for the log and
    the admins alone. `side`, `field`, `expected`, `got`, `fix` are what an admin reads under its id (`Explanation`);
    without a fix the description is one. `client_id`: whose fault it is, where the request has not proven it.
    `recorded`: False for an answer that is part of the protocol and nobody's fault ("not yet").
    """

    def __init__(
        self,
        code: str,
        description: str,
        *,
        kind: str,
        status: int = 400,
        detail: str = "",
        headers: tuple[tuple[str, str], ...] = (),
        fix: str = "",
        side: str = "application",
        field: str = "",
        expected: str = "",
        got: str = "",
        client_id: str = "",
        recorded: bool = True,
    ) -> None:
        super().__init__(code)
        self.recorded = recorded
        self.code, self.kind, self.status, self.detail, self.headers = code, kind, status, detail, headers
        self.description, self.client_id = printable(description), client_id
        self.explanation = Explanation(side, fix or self.description, field, expected, got)

    def told(self, error_id: str) -> str:
        """The description as it is sent, with the id under which an admin reads more. All of it is printable ASCII."""
        return f"{self.description[:380]} ({error_id})" if error_id else self.description

    def parameters(self, error_id: str, uri: str) -> dict[str, str]:
        """What is sent (RFC 6749 §4.1.2.1, §5.2). `uri`: of the page about its kind, '' where there is none."""
        told = {"error": self.code, "error_description": self.told(error_id)}
        return {**told, "error_uri": uri} if uri else told

    def headers_told(self, error_id: str, uri: str) -> tuple[tuple[str, str], ...]:
        """The headers, where the description stands in a challenge as well (RFC 6750 §3)."""
        quoted = f'error_description="{self.description}"'
        told = f'error_description="{self.told(error_id)}"' + (f', error_uri="{uri}"' if uri else "")
        return tuple((name, value.replace(quoted, told)) for name, value in self.headers)


class SamlError(Exception):
    """An error Response of SAML 2.0, sent to a service provider that we trust.

    `kind`: its entry in `idp.catalogue`. `status`, `substatus`: URIs, the second stands inside the first (Core
    §3.2.2.2). `message` is for its developer; `detail` for the log alone. What admins read (`Explanation`): `fix`,
    where the message does not say it, `side`, `field`, `expected`, `got`. `evidence`: as of `Refused`, once the message
    that it answers is at hand.
    """

    def __init__(
        self,
        status: str,
        substatus: str | None,
        message: str,
        *,
        kind: str,
        detail: str = "",
        fix: str = "",
        side: str = "application",
        field: str = "",
        expected: str = "",
        got: str = "",
    ) -> None:
        super().__init__(message)
        self.evidence = ""
        self.status, self.substatus, self.message, self.kind, self.detail = status, substatus, message, kind, detail
        self.explanation = Explanation(side, fix or message, field, expected, got)

    def told(self, error_id: str, uri: str = "") -> SamlError:
        """The error as it is sent, with the id under which an admin reads more, and the page about its kind."""
        message = f"{self.message} {uri}".rstrip() + f" (Error {error_id})"
        return SamlError(self.status, self.substatus, message, kind=self.kind, detail=self.detail)


class Stale(Exception):
    """The store has moved past this process's snapshot of clients or keys; the hop is run again on a fresh one."""


def printable(text: str) -> str:
    """`text` in the characters that RFC 6749 §4.1.2.1 allows an error_description: %x20-21 / %x23-5B / %x5D-7E."""
    return re.sub(r"[^\x20-\x21\x23-\x5B\x5D-\x7E]", "'", text)[:400]
