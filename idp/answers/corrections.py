"""What people and programs do to a secret, a code or a token on its way, undone: each form with what was done to it."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Iterator
from typing import Final
from urllib.parse import unquote

from idp.answers import characters, jwts

_QUOTES: Final = "\"'“”‘’„`«»<>()[]{},;"
_PLACEHOLDERS: Final = ("changeme", "change-me", "secret", "your-secret", "todo", "xxx", "none", "null", "undefined")


def corrected(got: str) -> Iterator[tuple[str, str]]:
    """What may be wrong with it, and what it would be without; what does not apply is left out."""
    seen: set[str] = {got, ""}
    for how, form in _forms(got):
        if form not in seen:
            seen.add(form)
            yield how, form


def _forms(got: str) -> Iterator[tuple[str, str]]:
    bare = "".join(one for one in got if not characters.is_unseen(one)).strip()
    if bare != got:
        yield f"it {edges(got) or 'has characters that cannot be seen'}", bare
    once = unquote(got)
    yield "it is percent-encoded once too often", once
    yield "it is percent-encoded twice too often", unquote(once)
    yield "it is not percent-encoded where it should be: “+” has become a space", got.replace(" ", "+")
    yield "it stands in quotes or brackets", bare.strip(_QUOTES)
    yield "it has “Bearer” before it", bare.partition(" ")[2] if bare[:7].lower() == "bearer " else ""
    yield "it came with other parts of the address or form around it", _parameter(got)
    named = "it has a name and “=” before it (“client_secret=” or the like)"
    yield named, got.rpartition("=")[2].strip().strip(_QUOTES)
    yield "it has a name and a colon before it", got.rpartition(":")[2].strip().strip(_QUOTES)
    yield "it has a letter of another script that looks like ours", characters.plain(bare)
    yield "it stands there twice", got[: len(got) // 2] if got[: len(got) // 2] * 2 == got else ""
    yield "its upper and lower case are swapped (Caps Lock)", got.swapcase()
    if got and len(got) % 4 == 0:
        try:
            yield "it is base64-encoded once too often", b64decode(got, validate=True).decode("ascii").strip()
        except ValueError:
            return


def _parameter(got: str) -> str:
    """The value alone, of `https://app/cb?code=VALUE`, of `code=VALUE&state=…` or of `VALUE&state=…`."""
    if not any(one in got for one in "?&#"):
        return ""
    value = got.rpartition("?")[2].partition("&")[0].partition("#")[0]
    return value.rpartition("=")[2].strip()


def edges(text: str) -> str:
    """What stands at its end or beginning and cannot be seen: "ends in a line break"; '' where nothing does."""
    for letters, how in ((text[::-1], "ends in"), (text, "begins with")):
        if letters and (letters[0].isspace() or characters.is_unseen(letters[0])):
            return f"{how} {_called(letters[0])}"
    return ""


def _called(letter: str) -> str:
    return "a space" if letter == " " else characters.called(letter)


def _something_else(text: str) -> str:
    """What it is in place of a secret, where its form says so: a key, a token, an address; '' where it does not."""
    lines = text.upper()
    if "-----BEGIN" in lines:
        kind = lines.partition("-----BEGIN")[2].partition("-----")[0].strip()
        if "CERTIFICATE" in kind:
            return "it is a certificate (PEM)"
        return "it is a public key (PEM)" if "PUBLIC" in kind else "it is a private key (PEM), which has been shown now"
    if text.startswith("{") and ('"kty"' in text or '"keys"' in text):
        return "it is a key in JSON (JWK), which has been shown now"
    if jwts.is_one(text):
        return "it is a JWT"
    return "it is an address" if text.lower().startswith(("https://", "http://")) else ""


def shape(text: str) -> str:
    """What whoever sent it can see at it, without knowing what it should be; '' where it looks as it should."""
    if not text:
        return "it is empty"
    if found := _something_else(text.strip()):
        return found
    if found := edges(text):
        return f"it {found}"
    if text[0] in _QUOTES or text[-1] in _QUOTES or text[:2] in ("${", "{{", "%%"):
        return "it looks like a placeholder, or stands in quotes or brackets"
    if "%" in text and unquote(text) != text:
        return "it is still percent-encoded"
    if text.lower() in _PLACEHOLDERS or set(text) <= {"*", "•", "x", "X"}:
        return "it looks like a placeholder"
    if unseen := next((one for one in text if characters.is_unseen(one)), ""):
        return f"it has {characters.called(unseen)} in it"
    return "it is shortened (…)" if text.endswith(("…", "...")) else ""
