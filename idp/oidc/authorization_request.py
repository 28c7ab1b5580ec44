"""An authorization request (RFC 6749 §4.1.1, Core §3.1.2.1): read once, by every rule, and put to the sign-in engine.

`read` is the list of the rules, in their order. What holds for parameters of a URL holds for those that are pushed
(PAR), signed (JAR) or shown on another device.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from clients import redirects
from clients.client import Client
from clients.documents.address import is_one as is_document
from clients.offered import ResponseType
from idp.login.authn import SUPPORTED_ACR
from idp.login.flow import Demands, Flow
from idp.oidc import authorization_details, claims_parameter, encryption, pkce, response_modes, response_type, scopes
from idp.oidc import authorization_parameters as parameters
from idp.oidc.claims import Recipient, scopes_of, to, wanted_acr
from idp.protocols import Services
from idp.showing import form_target
from idp.wire import Params

PROTOCOL = "oidc"
#: What an authorization request may have; anything else is ignored (RFC 6749 §3.1).
KNOWN = frozenset(
    ("client_id", "redirect_uri", "response_type", "response_mode", "scope", "state", "nonce", "code_challenge",
     "code_challenge_method", "prompt", "max_age", "acr_values", "claims", "resource", "login_hint", "id_token_hint",
     "ui_locales", "claims_locales", "display", "dpop_jkt", "request", "request_uri", "registration",
     "authorization_details")
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class AuthorizationRequest:
    """What the answer needs of the request, once somebody is proven."""

    redirect_uri: str
    state: str | None
    nonce: str
    response_mode: str
    scope: str
    challenge: str  # PKCE's code_challenge, or ''
    claims: dict[str, Any]
    resource: list[str]
    params: list[tuple[str, str]]  # every parameter, as it was sent
    dpop_jkt: str = ""  # the key that the code is bound to (RFC 9449 §10)
    pushed: str = ""  # the reference under which the request was pushed (RFC 9126)
    response_type: str = "code"
    details: list[dict[str, Any]] = field(default_factory=list)  # RFC 9396

    def to_json(self) -> dict[str, Any]:
        """As it waits in a flow."""
        return {
            "redirect_uri": self.redirect_uri,
            "state": self.state,
            "nonce": self.nonce,
            "response_mode": self.response_mode,
            "scope": self.scope,
            "challenge": self.challenge,
            "claims": self.claims,
            "resource": self.resource,
            "params": self.params,
            "dpop_jkt": self.dpop_jkt,
            "pushed": self.pushed,
            # During an upgrade the version before reads what it can answer.
            **({"response_type": self.response_type} if self.response_type != "code" else {}),
            **({"details": self.details} if self.details else {}),
        }

    @classmethod
    def from_json(cls, plain: Mapping[str, Any]) -> AuthorizationRequest:
        """The request of a flow; what a newer version adds is left out."""
        return cls(
            plain["redirect_uri"], plain["state"], plain["nonce"], plain["response_mode"], plain["scope"],
            plain["challenge"], plain["claims"], plain["resource"], plain["params"], plain.get("dpop_jkt", ""),
            plain.get("pushed", ""), plain.get("response_type", "code"), plain.get("details", []),
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Wishes:
    """How the person is to be proven, and who it must be."""

    prompt: frozenset[str]
    max_age: int | None  # seconds
    subjects: tuple[str, ...]  # one of these, where there are any
    select: bool  # an account is to be chosen: asked for, or meant by a hint that says nothing
    step_up: tuple[str, ...]  # acr values of which one is essential


def read(
    services: Services, client: Client, params: Params, *, sent: Params | None = None, pushed: str = ""
) -> Flow:  # fmt: skip
    """Every rule, in the order in which it is applied. Errors: `OAuthError`, for the application.

    `sent`: what the browser brought, where the parameters stood in it by a JWT or a reference; `pushed`: the latter.
    """
    parameters.check_no_registration(params)
    wanted = response_type.read(services, params, client)
    parameters.check_not_repeated(params)
    parameters.check_length(params)
    max_age = parameters.read_max_age(params, client)
    claims = claims_parameter.read(params, client)
    mode = response_modes.check(params.get("response_mode"), client, wanted.name)
    scope = scopes.read(params, client)
    response_type.check_beside(params, wanted, scope)
    encryption.check_answers(services, client, scope, mode)
    challenge = pkce.read_challenge(params, client, for_code=wanted.code)
    prompt = parameters.read_prompt(services, client, params)
    resource = parameters.read_resource(services, params, client)
    details = authorization_details.read(services, params, client)
    response_type.check_details(wanted, details)
    hinted = parameters.read_hint(services, client, params, prompt)
    subjects = parameters.read_subjects(services, client, hinted, claims)
    select = "select_account" in prompt or hinted == ""
    wishes = Wishes(prompt, max_age, subjects, select, claims_parameter.essential_acr(claims))
    asked = AuthorizationRequest(
        redirect_uri=params.get("redirect_uri") or "",
        state=params.get("state"),
        nonce=params.get("nonce") or "",
        response_mode=mode,
        scope=_without_offline(scope, wishes, client, wanted),
        challenge=challenge,
        claims=claims,
        resource=authorization_details.with_places(services, client, resource, details),
        params=(sent or params).pairs,
        dpop_jkt=parameters.read_dpop_jkt(params),
        pushed=pushed,
        response_type=wanted.name,
        details=details,
    )
    return _flow(services, client, params, asked, wishes)


def _flow(services: Services, client: Client, params: Params, asked: AuthorizationRequest, wishes: Wishes) -> Flow:
    """The request in the words of the sign-in engine."""
    now = services.clock()
    return Flow(
        protocol=PROTOCOL,
        client_id=client.id,
        request=asked.to_json(),
        demands=_demands(services, client, asked, wishes, now),
        scopes=_consented(asked, to(services, client)),
        started_at=now,
        login_hint=(params.get("login_hint") or "")[:255],
        ui_locales=(params.get("ui_locales") or "")[:255],
        idp_hint=_idp_hint(params),
        destination=form_target(asked.redirect_uri),
    )


def _idp_hint(params: Params) -> str:
    """Which other provider the application means, by its name or by a mail domain of its people (I5)."""
    domain = (params.get("domain_hint") or "").lstrip("@")[:255]
    return (params.get("idp_hint") or "")[:255] or (domain and f"@{domain}")


def _demands(services: Services, client: Client, asked: AuthorizationRequest, wishes: Wishes, now: float) -> Demands:
    return Demands(
        silent="none" in wishes.prompt,
        fresh_after=now if "login" in wishes.prompt else None,
        max_age=wishes.max_age,
        select=wishes.select,
        # A client that only its document makes known is registered when somebody agrees to it: so they are asked.
        consent=_asks_consent(wishes, client)
        or (is_document(client.id) and services.registry.find_registered(client.id) is None),
        unproven=redirects.is_unproven(asked.redirect_uri, client.oidc, development=services.registry.allow_loopback),
        subject=wishes.subjects[0] if len(wishes.subjects) == 1 else None,
        among=wishes.subjects if len(wishes.subjects) > 1 else (),
        strength=wishes.step_up,
        preferred=tuple(value for value in wanted_acr(asked.claims) if value in SUPPORTED_ACR),
        in_detail=bool(asked.details),
    )


def _asks_consent(wishes: Wishes, client: Client) -> bool:
    return "consent" in wishes.prompt and not client.oidc.ignore_prompt_consent


def _without_offline(scope: str, wishes: Wishes, client: Client, wanted: ResponseType) -> str:
    # Core §11: ignored where no code comes back, and without prompt=consent, unless there is another basis: a consent
    # page that names it (explicit consent), or an admin who wrote it into the registration.
    is_asked = _asks_consent(wishes, client)
    basis = wanted.code and (is_asked or client.consent == "explicit" or client.oidc.offline_access_registered)
    granted = scope.split()
    if "offline_access" in granted and not (basis and "refresh_token" in client.oidc.grant_types):
        granted.remove("offline_access")
    return " ".join(granted)


def _consented(asked: AuthorizationRequest, recipient: Recipient) -> tuple[str, ...]:
    """What the consent page must name: the scopes, and what the claims parameter asks for beyond them (Core §5.5)."""
    named = dict.fromkeys(asked.scope.split())
    if "profile" in named and recipient.client.consent == "explicit":  # what an admin adds is agreed to by its name
        named |= dict.fromkeys(f"claim:{name}" for name in recipient.own)
    for part in claims_parameter.members(asked.claims):
        named |= dict.fromkeys(scopes_of(part, recipient))
    if recipient.client.metadata.get("self_registered"):  # nobody has said what it is for: so people read it
        named |= dict.fromkeys(f"{scopes.RESOURCE}{one}" for one in asked.resource)
    return (*named, *authorization_details.names(asked.details))
