"""What a registration can be told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing to fix: the metadata field, and a sentence that says what is expected.

    `is_wrong`: False where it may be good, and could not be looked at now; `detail`: for an admin alone.
    """

    field: str
    message: str
    is_wrong: bool = True
    detail: str = ""

    @property
    def code(self) -> str:
        """RFC 7591 §3.2.2: the error code."""
        return "invalid_redirect_uri" if self.field == "redirect_uris" else "invalid_client_metadata"

    def __str__(self) -> str:
        return f"{self.field}: {self.message}"


class InvalidMetadata(ValueError):
    """A registration is refused; `problems` lists all that is wrong, not just the first thing."""

    def __init__(self, *problems: Problem) -> None:
        super().__init__("\n".join(map(str, problems)))
        self.problems = problems

    @property
    def code(self) -> str:
        """The code of the answer: a bad redirect URI goes before the rest."""
        codes = {problem.code for problem in self.problems}
        return "invalid_redirect_uri" if "invalid_redirect_uri" in codes else "invalid_client_metadata"


class UnknownClient(LookupError):
    """No such client, or it was removed."""

    def __init__(self, client_id: str, message: str = "there is no client with this id") -> None:
        super().__init__(f"{client_id}: {message}")
        self.client_id = client_id


class ChangedMeanwhile(Exception):
    """Somebody else changed it since it was looked at; `values`: by key, what stands now and what was wanted."""

    def __init__(self, values: Mapping[str, tuple[Any, Any]]) -> None:
        super().__init__("it was changed meanwhile: " + ", ".join(sorted(values)))
        self.values = values


class TooManyWatched(Exception):
    """As many clients are watched at once as may be."""
