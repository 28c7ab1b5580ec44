"""What a check has found, for every door: how far the application came, and each finding once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, replace
from typing import Any, Final, Literal

from clients.client import Client
from idp.admin.checking import keeping, running
from idp.admin.checking.check import Check
from idp.admin.checking.step import Step
from idp.answers import facts, products
from idp.answers.finding import Finding
from idp.protocols import Services
from idp.texts import N_

#: What should come, in its order, by protocol: the kind of the request, and what it is called.
MILESTONES: Final = {
    "oidc": (
        ("discovery", N_("It reads our addresses (discovery)")),
        ("authorize", N_("It sends the browser to us")),
        ("answered", N_("We send the browser back to it")),
        ("token", N_("Its server redeems the code")),
        ("jwks", N_("It fetches our keys (JWKS)")),
        ("userinfo", N_("It asks for the person’s claims (userinfo)")),
        ("logout", N_("It signs somebody out")),
    ),
    "saml": (
        ("saml_metadata", N_("It reads our metadata")),
        ("sso", N_("It sends the browser to us")),
        ("answered", N_("We send the browser back to it")),
        ("slo", N_("It signs somebody out")),
    ),
}
#: What follows from something else that is told already.
_FOLLOWS: Final = {"userinfo_scope": "scope_openid"}
_OURS: Final = ("server", "order")  # parts of a step that are nobody else's business
_PATIENCE: Final = 20.0  # seconds in which a server redeems a code
State = Literal["ok", "wrong", "guessed", "missing"]


@dataclass(frozen=True, slots=True)
class Milestone:
    """One thing that should happen. `at`: when it did last; `guessed`: by somebody who did not say who they are."""

    kind: str
    title: str
    state: State
    at: float | None = None


@dataclass(frozen=True, slots=True)
class Report:
    """`findings`: each once, what is wrong first; `mended`: those that a later request of their kind did not have.

    `steps` as they came; `is_full`: more came than is kept; `is_looking`: its addresses are still being called.
    """

    check: Check
    is_running: bool
    milestones: tuple[Milestone, ...]
    findings: tuple[Finding, ...]
    mended: tuple[Finding, ...]
    steps: tuple[Step, ...]
    is_full: bool = False
    is_looking: bool = False

    def to_json(self) -> dict[str, Any]:
        """For programs. Times are epoch seconds."""
        return {
            "check": asdict(self.check),
            "running": self.is_running,
            "calling_addresses": self.is_looking,
            "milestones": [asdict(one) for one in self.milestones],
            "findings": [asdict(one) for one in self.findings],
            "mended": [asdict(one) for one in self.mended],
            "steps": [
                {name: value for name, value in one.to_json().items() if name not in _OURS} for one in self.steps
            ],
        }


def of(services: Services, client: Client) -> Report | None:
    """The report of the application's latest check; None where there was none in the last day."""
    check = running.find(services, client.id)
    if check is None:
        return None
    now, steps = services.clock(), _less_guessed(keeping.steps(services, check))
    milestones = tuple(_milestone(kind, title, steps) for kind, title in MILESTONES[client.kind])
    standing = [one for step in sorted(_latest(steps), key=lambda step: not step.near) for one in step.findings]
    standing += _of_silence(client, steps, milestones, now)
    codes = {one.code for one in standing}
    standing = [one for one in standing if _FOLLOWS.get(one.code) not in codes]
    wrong_first = sorted(dict.fromkeys(standing), key=lambda one: one.weight != "wrong")
    mended = dict.fromkeys(one for step in steps for one in step.findings if one not in standing)
    return Report(
        check, check.is_running(now), milestones, tuple(wrong_first), tuple(mended), steps,
        keeping.is_full(services, check), running.is_looking(services, check),
    )  # fmt: skip


def _latest(steps: tuple[Step, ...]) -> Iterator[Step]:
    """Without those after which a request of the same kind did all right: somebody has mended what they tell.

    What a stranger sends mends nothing that came from whoever is near.
    """
    for place, step in enumerate(steps):
        later = (
            one for at, one in enumerate(steps)
            if one.kind == step.kind and one.near >= step.near and _when(one, at) > _when(step, place)
        )  # fmt: skip
        if not any(one.outcome == "ok" for one in later):
            yield step


def _when(step: Step, place: int) -> tuple[float, int]:
    return step.last_at, place


def _less_guessed(steps: tuple[Step, ...]) -> tuple[Step, ...]:
    """What came from the address from which the application proved itself was the application's."""
    proven = {step.server for step in steps if step.kind in ("token", "userinfo") and step.outcome == "ok"}
    return tuple(replace(one, guessed=False) if one.server and one.server in proven else one for one in steps)


def _milestone(kind: str, title: str, steps: tuple[Step, ...]) -> Milestone:
    if kind == "answered":
        came = _nearest(step for step in steps if step.facts.get("answer"))
        is_ok = any(step.facts["answer"] != "error" for step in came)
    else:
        came = _nearest(step for step in steps if step.kind == kind)
        is_ok = any(step.outcome == "ok" for step in came)
    if not came:
        return Milestone(kind, title, "missing")
    at = max(step.last_at for step in came)
    if all(step.guessed for step in came):
        return Milestone(kind, title, "guessed", at)
    latest = max(reversed(came), key=lambda step: step.last_at)
    is_wrong = latest.outcome == "wrong" and latest.facts.get("answer") != facts.SENT
    return Milestone(kind, title, "wrong" if is_wrong or not is_ok else "ok", at)


def _nearest(steps: Iterable[Step]) -> list[Step]:
    """Those of whoever is near; where there are none, all."""
    found = [*steps]
    return [one for one in found if one.near] or found


def _of_silence(
    client: Client, steps: tuple[Step, ...], milestones: tuple[Milestone, ...], now: float
) -> Iterator[Finding]:
    """What did not come, and should have."""
    state = {one.kind: one for one in milestones}
    answered = state["answered"]
    if client.kind == "saml" or answered.state != "ok" or answered.at is None:
        return
    if state["token"].state == "missing" and now - answered.at > _PATIENCE:
        fix = (
            "The browser brought a code, and nobody redeemed it. Most often its server cannot reach our token endpoint "
            "(firewall, name resolution: try it with curl there), does not trust our certificate (its log says so), or "
            "lost its session cookie between leaving and coming back (another host name, SameSite=Strict)."
        )
        yield Finding("code_not_redeemed", "application", "code", fix, "a token request", "none came")
    if state["token"].state == "ok" and state["jwks"].state == "missing":
        fix = "Our keys were not fetched during the check: it has them already, or it does not verify the ID token."
        yield Finding("jwks_not_fetched", "application", "jwks_uri", fix, "a request for our JWKS", "none came", "note")
    if state["token"].state == "ok" and state["userinfo"].state == "missing" and _reads_userinfo(client):
        fix = (
            "It reads claims that stand in userinfo, and did not ask there. Where it reads the ID token alone: "
            f"doorward client set {client.id} id_token_claims=true"
        )
        yield Finding("userinfo_not_asked", "application", "userinfo_endpoint", fix, "a request", "none came", "note")


def _reads_userinfo(client: Client) -> bool:
    if client.oidc.id_token_claims or "openid" not in client.oidc.scopes:
        return False
    return bool(products.names_read(products.of_client(client))) or client.oidc.scopes > {"openid"}
