"""One line above the page of security: well protected, or the one or two things to do next (T2)."""

from __future__ import annotations

from collections.abc import Collection

from idp.accounts.factors import Enrolled, backup_codes, webauthn
from idp.accounts.person import Person
from idp.texts import N_

SECOND = (N_("Add a passkey or an authenticator app: a stolen password is then worth nothing."), "#factors-title")
APP = (N_("Add an authenticator app: a stolen password is then worth nothing."), "#factors-title")
CODES = (N_("Make backup codes, for the day the phone is gone."), "/security/codes")
ADDRESS = (N_("Add a recovery address, for the day the password is forgotten."), "/security/recovery")
PASSKEY = (N_("Add a passkey: nothing to type, and no false page can steal it."), "/security/passkeys")
MOST = 2  # things at once: more is a list that nobody reads


def to_do(
    person: Person, held: Collection[Enrolled], codes_left: int, possible: Collection[str], *, reachable: bool
) -> list[tuple[str, str]]:
    """What is missing, the weightiest first, each with where it is done. `reachable`: a reset has somewhere to go."""
    kinds = {factor.kind for factor in held}
    found = []
    if not held and possible and person.has_password:
        found.append(SECOND if webauthn.KIND in possible else APP)
    if held and person.has_password and codes_left <= backup_codes.FEW:
        found.append(CODES)
    if person.has_password and not reachable:
        found.append(ADDRESS)
    if held and webauthn.KIND in possible and webauthn.KIND not in kinds:
        found.append(PASSKEY)
    return found[:MOST]
