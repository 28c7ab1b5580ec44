"""Off to a provider: what is asked there, and what is kept here until its answer comes."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from idp import browser
from idp.accounts.person import fold
from idp.federation import attempts, crowding, failures, keeping, kinds
from idp.federation.attempts import Attempt
from idp.federation.keeping import Kept
from idp.federation.ports import Question, Secrets, Wish
from idp.federation.provider import Provider
from idp.login.authn import MFA, SUPPORTED_ACR
from idp.login.flow import Flow
from idp.protocols import Services
from idp.wire import Request, Response
from keys.sealing import BrokenSeal

PATH: Final = "/upstream/callback/"
_STRONG: Final = frozenset(SUPPORTED_ACR[SUPPORTED_ACR.index(MFA) - 1 :])


def redirect_uri(services: Services, provider_id: str) -> str:
    """Its own: an answer tells by its address alone who sent it (RFC 9700 §4.4.2.1)."""
    return services.url(PATH + provider_id)


def begin(services: Services, request: Request, provider_id: str, attempt: Attempt) -> Response:
    """Send the browser there. Errors: `Refused`."""
    attempts.count(services, request)
    kept = keeping.find(services.db, provider_id)
    # An owner looks at what comes of it before anybody may come.
    if kept is None or not (kept.provider.enabled or attempt.purpose == attempts.PREVIEW):
        raise failures.off(kept.provider.name if kept is not None else provider_id[:40])
    provider = kept.provider
    # A page of our own is for nobody's application: whoever came in there would be in at each of them.
    if provider.apps and attempt.purpose == attempts.SIGN_IN and attempt.flow.client_id not in provider.apps:
        raise failures.off(provider.name)
    with crowding.turn(services, provider):
        response = kinds.of(provider).begin(services, question(services, kept, attempt))
    attempts.keep(services, request, attempt)
    if browser.of(services, request).is_new:  # nothing of ours has shown a page yet: the answer is bound to it
        response = replace(response, cookies=(*response.cookies, browser.cookie(services, request)))
    return response


def new(services: Services, provider_id: str, flow: Flow, *, typed: str = "") -> Attempt:
    """An attempt for a flow, with what its application asks of the sign-in."""
    return Attempt(provider_id, flow, attempts.new_secrets(), wish_of(flow, typed), services.clock())


def wish_of(flow: Flow, typed: str = "") -> Wish:
    """The application's demands, passed on (S57): `finish` checks what came of them."""
    demands = flow.demands
    hint = typed or flow.login_hint
    domain = fold(hint.rpartition("@")[2]) if "@" in hint else ""
    wanted = {*demands.strength, *demands.preferred}
    return Wish(
        fresh=demands.fresh_after is not None, max_age=demands.max_age, strong=not _STRONG.isdisjoint(wanted),
        login_hint=hint[:255] if domain else "", domain_hint=domain[:255],
    )  # fmt: skip


def question(services: Services, kept: Kept, attempt: Attempt) -> Question:
    """What a kind is asked with."""
    return Question(
        kept.provider, secret_of(services, kept), redirect_uri(services, kept.provider.id), attempt.secrets,
        attempt.wish, attempt.began,
    )  # fmt: skip


def trial(services: Services, kept: Kept) -> Question:
    """The same without anybody who signs in, to look whether it would work."""
    secrets: Secrets = attempts.new_secrets()
    at = services.clock()
    uri = redirect_uri(services, kept.provider.id)
    return Question(kept.provider, secret_of(services, kept), uri, secrets, Wish(), at)


def secret_of(services: Services, kept: Kept) -> str:
    """The provider's secret. Errors: `Refused` where it cannot be opened."""
    try:
        return keeping.open_secret(services.sealer, kept)
    except BrokenSeal:
        raise failures.secret(kept.provider, "the secret kept here cannot be opened") from None


def for_link(attempt: Attempt, person_id: str) -> Attempt:
    """The same for somebody who is signed in, to connect the account there."""
    return replace(attempt, purpose=attempts.LINK, person_id=person_id)


def is_of(provider: Provider, typed: str) -> bool:
    """Whether a name's mail domain is one of the provider's."""
    return "@" in typed and fold(typed.rpartition("@")[2]) in provider.domains
