"""Why a ticket lets nobody in, each with the side, the field and the fix that an admin reads under its id (I11).

People see the ordinary form with one sentence, whatever it was: nothing is wrong with their password.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from idp.errors import Explanation, Refused
from idp.federation.kerberos.shown import Shown
from idp.texts import N_

FAILED: Final = N_("Signing in as on this computer did not work. Sign in with your name and password.")
_KINDS: Final = {1: "DES", 2: "DES", 3: "DES", 16: "triple DES", 23: "RC4", 24: "RC4"}
_SKEW: Final = ("skew", "expired", "not yet valid")
_KEY: Final = ("keytab", "key table", "find key", "kvno", "key version", "decrypt", "no key")


def ntlm() -> Refused:
    """The browser had no ticket, and fell back."""
    fix = (
        "The browser got no ticket and sent NTLM, which is not spoken here. On that computer look at `klist get "
        "HTTP/HOST`: the name must be in the domain (setspn), the address bar must show that very name, and the "
        "computer must reach a domain controller and be signed in to the domain."
    )
    return _refused("kerberos_ntlm", fix, "Authorization", "a Kerberos ticket", "NTLM")


def unreadable(why: str) -> Refused:
    """No ticket in it."""
    fix = "The browser sent something that carries no Kerberos ticket. See which program it is, and its policy."
    return _refused("kerberos_ticket", fix, "Authorization", "a Kerberos ticket", why)


def kind(shown: Shown) -> Refused:
    """Encrypted with what is broken."""
    got = " and ".join(dict.fromkeys(_KINDS.get(one, f"type {one}") for one in (shown.kind, shown.session_kind)))
    fix = (
        "Only AES is taken. Let the account of the service have it in the domain (msDS-SupportedEncryptionTypes 24, "
        "both boxes of AES under Account), set its password anew, and make the keytab anew with AES keys alone."
    )
    return _refused("kerberos_type", fix, shown.service, "AES (types 17 to 20)", got)


def not_accepted(shown: Shown, words: str) -> Refused:
    """What the library says, told by what has to be done."""
    low = words.lower()
    if "replay" in low:
        return replayed(shown)
    if any(word in low for word in _SKEW):
        fix = "Compare the clocks of this machine, of the computer and of the domain: five minutes are the most."
        return _refused("kerberos_clock", fix, "time", "within five minutes", words)
    if any(word in low for word in _KEY):
        version = "" if shown.version is None else f", key version {shown.version}"
        fix = (
            "The keytab has not the key that this ticket was made for. Make it anew from the domain, with the key "
            "versions before it kept in the same file while tickets live; `doorward provider test NAME` compares them."
        )
        wanted = f"{shown.service}@{shown.realm}{version}, {_KINDS.get(shown.kind, f'type {shown.kind}')}"
        return _refused("kerberos_key", fix, "kerberos.keytab", wanted, words)
    return _refused("kerberos_ticket", "Read what the library says, and the log of the domain.", shown.service,
                    "a ticket that is taken", words)  # fmt: skip


def replayed(shown: Shown) -> Refused:
    """It was here before."""
    fix = "Each request has a new authenticator. Somebody, or something between, sent one once more: find out what."
    return _refused("kerberos_replay", fix, shown.service, "a new authenticator", "one that was here before")


def principal(name: str, reason: str) -> Refused:
    """Nobody of a directory."""
    fix = (
        "Compare kerberos_realms, kerberos_name and `people` of the directory with the principal: one entry must have "
        "it, and one alone."
    )
    return _refused("kerberos_principal", fix, "principal", "one person of a directory", f"{name}: {reason}")


def not_ready(reason: str) -> Refused:
    """Nobody can come in this way here."""
    fix = "Give the keytab and the libraries that Windows sign-in needs: `doorward doctor` names what is missing."
    refused = _refused("kerberos_unset", fix, "kerberos.keytab", "a keytab that can be read", reason)
    refused.explanation = replace(refused.explanation, side="doorward")
    return refused


def _refused(code: str, fix: str, field: str, expected: str, got: str) -> Refused:
    explanation = Explanation("upstream", fix, field, expected, got[:300])
    return Refused(code, FAILED, title=N_("This did not work"), status=401, explanation=explanation)
