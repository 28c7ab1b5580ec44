"""Whether what failed has gone well since, by what is counted; and which symptoms follow from errors that are told."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from clients.client import Client
from idp.answers.finding import Finding
from idp.answers.symptoms import store
from idp.answers.symptoms.evidence import NOTHING, Count, counts_of
from idp.answers.symptoms.symptom import Symptom
from idp.audit import Event
from idp.protocols import Services
from idp.traffic import (
    ARTIFACT,
    CODE,
    INTROSPECTED,
    LOGOUT,
    PROGRAM,
    REDEEMED,
    REFRESHED,
    RESOLVED,
    RESPONSE,
    SILENT_CODE,
    USERINFO,
)

_TOKENS: Final = (REDEEMED, REFRESHED, PROGRAM)
#: What is counted where a request to the end of this path goes well.
_BY_PATH: Final[Mapping[str, tuple[str, ...]]] = {
    "/oauth/authorize": (CODE, SILENT_CODE), "/oauth/par": (CODE, SILENT_CODE), "/oauth/token": _TOKENS,
    "/oauth/userinfo": (USERINFO,), "/oauth/introspect": (INTROSPECTED,), "/oauth/logout": (LOGOUT,),
    "/saml/sso": (RESPONSE, ARTIFACT), "/saml/slo": (LOGOUT,), "/saml/artifact": (RESOLVED,),
}  # fmt: skip
#: More exactly, by the field that was wrong; of a path that leads nowhere, what was meant.
_BY_FIELD: Final[Mapping[str, tuple[str, ...]]] = {
    "code": (REDEEMED,), "code_verifier": (REDEEMED,), "refresh_token": (REFRESHED,), "token_endpoint": _TOKENS,
    "authorization_endpoint": (CODE, SILENT_CODE), "userinfo_endpoint": (USERINFO,), "end_session_endpoint": (LOGOUT,),
    "introspection_endpoint": (INTROSPECTED,), "SingleSignOnService": (RESPONSE, ARTIFACT),
    "SingleLogoutService": (LOGOUT,),
}  # fmt: skip
#: Symptoms of a step that was refused, and what would have been counted had it not been.
_FOLLOWS: Final[Mapping[str, tuple[str, ...]]] = {
    "codes_never_redeemed": (REDEEMED,), "some_codes_unredeemed": (REDEEMED,), "sign_in_loop": (REDEEMED, USERINFO),
    "pkce_in_some": (REDEEMED,), "pkce_in_all": (REDEEMED,), "codes_twice": (REDEEMED,), "userinfo_never": (USERINFO,),
    "refresh_token_reused": (REFRESHED,), "offline_access_unused": (REFRESHED,), "artifacts_unresolved": (RESOLVED,),
    "saml_loop": (RESPONSE,), "logout_never": (LOGOUT,),
}  # fmt: skip


def counts(services: Services, client: Client) -> Mapping[str, Count]:
    """What is counted of an application."""
    return counts_of(services.db.all(store.OF_CLIENT, of=client.id))


def since(counted: Mapping[str, Count], event: Event, findings: tuple[Finding, ...], last_at: float) -> float | None:
    """When the same kind of request went well after it had failed, epoch seconds; None where it is not known to.

    Somebody else's success tells nothing of who may not sign in, so what is a person's or nobody's is never mended.
    """
    wrong = next((one for one in findings if one.weight == "wrong"), None)
    if wrong is None or wrong.side in ("person", "nobody"):
        return None
    well = max((counted.get(kind, NOTHING).last_at for kind in _kinds(event, findings)), default=0.0)
    return well if well > last_at else None


def follows(symptom: Symptom, event: Event, findings: tuple[Finding, ...], last_at: float) -> bool:
    """Whether a symptom is what an error looks like from afar: mended together, most likely."""
    return last_at >= symptom.since and bool({*_FOLLOWS.get(symptom.code, ())} & {*_kinds(event, findings)})


def _kinds(event: Event, findings: tuple[Finding, ...]) -> tuple[str, ...]:
    by_field = next((_BY_FIELD[one.field] for one in findings if one.field in _BY_FIELD), ())
    path = str(event.detail.get("path") or "")
    return by_field or next((kinds for end, kinds in _BY_PATH.items() if path.endswith(end)), ())
