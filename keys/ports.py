"""What this room asks of others, and what it promises them: structural types only."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager
from typing import Any, Protocol


class Statements(Protocol):
    """SQLAlchemy Core expressions run with named parameters; rows are named tuples."""

    def one(self, expression: Any, /, **params: Any) -> Any:
        """The first row, or None."""

    def all(self, expression: Any, /, **params: Any) -> list[Any]:
        """Every row."""

    def run(self, expression: Any, /, **params: Any) -> int:
        """Change something; answers how many rows it touched."""


class Store(Statements, Protocol):
    """Statements, each on its own or several that hold together."""

    def transaction(self) -> AbstractContextManager[Statements]:
        """Begin, then commit, or roll back on any exception."""


class Signer(Protocol):
    """A private key that signs; where it lies (here, or in a module of its own) is its own affair."""

    @property
    def kid(self) -> str:
        """The key's id, as in the JWKS."""

    @property
    def alg(self) -> str:
        """The one algorithm that the key signs with."""

    @property
    def kept_in(self) -> str:
        """Where the private key lies: `holders.HERE`, or a kind of holder."""

    def sign_jwt(self, claims: Mapping[str, Any], typ: str) -> str:
        """A compact JWS over the claims, with `alg`, `kid` and `typ` in its header."""
