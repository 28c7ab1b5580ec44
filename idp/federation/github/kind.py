"""A provider that is GitHub: the authorization request, its answer, and who the person is there."""

from __future__ import annotations

from base64 import urlsafe_b64encode
from collections.abc import Mapping
from hashlib import sha256
from typing import Any, Final
from urllib.parse import urlsplit

from idp.federation import failures, mapping
from idp.federation.github import addresses, api, redeeming
from idp.federation.github.api import Asking
from idp.federation.ports import Cancelled, Found, Identity, Leaving, Question
from idp.federation.provider import Provider
from idp.protocols import Services
from idp.wire import Params, Redirect, Response, with_parameters

GROUPS: Final = "groups"
MAX_CODE: Final = 4096  # characters


class GitHub:
    """See `ports.Kind`."""

    def begin(self, services: Services, question: Question) -> Response:
        """Send the browser there. It knows no way to ask for a new sign-in: that is looked at when it comes back."""
        challenge = sha256(question.secrets.verifier.encode()).digest()
        said = {
            "client_id": question.provider.client_id, "redirect_uri": question.redirect_uri,
            "scope": " ".join(question.provider.scopes), "state": question.secrets.state, "allow_signup": "false",
            "code_challenge": urlsafe_b64encode(challenge).rstrip(b"=").decode(), "code_challenge_method": "S256",
        }  # fmt: skip
        return Redirect(location=with_parameters(addresses.authorize(question.provider), [*said.items()]))

    def finish(self, services: Services, question: Question, answer: Params) -> Identity:
        """Redeem the code, ask the API who has signed in."""
        provider = question.provider
        token = redeeming.redeem(services, question, read_code(question, answer))
        asking = Asking(services, provider, token)
        user = api.user(asking)
        if not api.is_number(user.get("id")):
            raise failures.claim(provider, "id", "the number of the account", str(user.get("id"))[:40])
        wants = bool(provider.organizations or provider.groups_claim)
        organisations = api.organisations(asking) if wants else []
        member_of = api.names_of(organisations)
        check_organizations(provider, member_of)
        if provider.groups_claim:  # teams are asked for where they count
            member_of = api.memberships(asking, organisations)
        return identity(user, api.verified_email(asking), member_of)

    def sign_out(self, services: Services, leaving: Leaving) -> None:
        """GitHub has no such address."""
        return

    def test(self, services: Services, question: Question) -> tuple[Found, ...]:
        """The API, and what the token endpoint says to a code that there is not."""
        from idp.federation.github import trying

        return trying.test(services, question)


def read_code(question: Question, answer: Params) -> str:
    """The code of the authorization response (RFC 6749 §4.1.2). Errors: `Refused`, `Cancelled`."""
    provider = question.provider
    if answer.repeated:
        raise failures.answer(provider, f"{answer.repeated[0][:40]} comes twice")
    said = answer.get("iss")
    # RFC 9207 §2.4: GitHub need not say it; whoever says another place is somebody else.
    if said is not None and _origin(said) != _origin(provider.issuer):
        raise failures.issuer(provider, provider.issuer, said, "iss of the answer")
    error, told = answer.get("error"), answer.get("error_description") or ""
    if error == "access_denied":
        raise Cancelled
    if error == "redirect_uri_mismatch":
        raise failures.redirect_uri(provider, question.redirect_uri, f"{error}: {told}"[:300])
    if error is not None:
        raise failures.answer(provider, f"{error}: {told}"[:300], field="error")
    code = answer.get("code")
    if code is None:
        raise failures.answer(provider, "there is no code and no error", field="code")
    if len(code) > MAX_CODE or not code.isascii() or not code.isprintable():
        raise failures.answer(provider, "its code is none", field="code")
    return code


def check_organizations(provider: Provider, member_of: tuple[str, ...] | None) -> None:
    """Only members of those that are named may come, and what we may not read is no membership. Errors: `Refused`."""
    if not provider.organizations:
        return
    wanted = {name.lower() for name in provider.organizations}
    if member_of is None:
        raise failures.consent(provider, "the memberships of the account could not be read: it needs read:org")
    if wanted.isdisjoint(member_of):
        raise failures.domain(provider, "organizations", " or ".join(provider.organizations), "none of these")


def identity(user: Mapping[str, Any], email: str, member_of: tuple[str, ...] | None) -> Identity:
    """Who it is. What `/user` says of an address is nobody's proof, so it is not read."""
    login = mapping.plain(str(user.get("login") or ""))
    claims = {
        "id": str(user["id"]), "login": login, "preferred_username": login, "name": user.get("name"), "email": email,
        "company": user.get("company"), "location": user.get("location"), "website": user.get("blog"),
        **({} if member_of is None else {GROUPS: list(member_of)}),
    }  # fmt: skip
    missing = frozenset((GROUPS,)) if member_of is None else frozenset[str]()
    return Identity(str(user["id"]), login[:200], email, bool(email), claims=claims, missing=missing)


def _origin(address: str) -> str:
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc}".lower()


KIND: Final = GitHub()
