"""Seeds of authenticator apps, as exports have them."""

from __future__ import annotations

from collections.abc import Iterator

from idp.accounts.carrying import Seed
from idp.accounts.factors import totp
from idp.importing.found import Left


def readable(secret: str, label: str) -> Seed:
    """With a seed in base32, in whatever spelling. Errors: `ValueError`, whose text says why it cannot be kept."""
    plain = "".join(secret.split()).rstrip("=").upper()
    totp.check_seed(plain)
    return Seed(plain, label)


def of(name: str, secret: str, label: str, left: list[Left]) -> Iterator[Seed]:
    """The seed, or none, which is told in `left`: they set the app up anew."""
    try:
        yield readable(secret, label)
    except ValueError as error:
        left.append(Left("otp", name, str(error)))
