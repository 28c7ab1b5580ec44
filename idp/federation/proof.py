"""What a sign-in elsewhere counts for here: one factor, and more only where the provider's table says so (I8, S57)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from idp.accounts.factors.kinds import UPSTREAM, UPSTREAM_PASSWORD, UPSTREAM_PHISHING_RESISTANT, UPSTREAM_SECOND
from idp.federation.provider import Provider

#: From the weakest to the strongest, as `provider.PROOFS` has them.
_METHODS: Final = {
    "password": UPSTREAM_PASSWORD, "second": UPSTREAM_SECOND, "phishing-resistant": UPSTREAM_PHISHING_RESISTANT,
}  # fmt: skip
_ORDER: Final = (UPSTREAM, *_METHODS.values())


def method(provider: Provider, values: Iterable[str]) -> str:
    """The method that a session keeps: the strongest that one of the values counts for."""
    found = [_METHODS[provider.proof[value]] for value in values if value in provider.proof]
    return max((UPSTREAM, *found), key=_ORDER.index)
