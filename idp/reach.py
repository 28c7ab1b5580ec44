"""Addresses of applications that we call by ourselves: what keeps us from one, and the fix."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from idp.errors import Explanation
from idp.http import Outbound, OutboundFailed, OutboundRefused

if TYPE_CHECKING:
    from clients.client import Client
    from idp.services import Services

_SOAP: Final = "urn:oasis:names:tc:SAML:2.0:bindings:SOAP"
AT_ONCE: Final = 2  # strangers' documents that a process reads at a time while they are registered


class Slots:
    """The places of a process for what strangers make us read while they wait: never all of its threads."""

    def __init__(self) -> None:
        self._free = threading.BoundedSemaphore(AT_ONCE)

    def take(self) -> bool:
        """A place, which is to be given back; False where there is none now."""
        return self._free.acquire(blocking=False)

    def give_back(self) -> None:
        """It is free again."""
        self._free.release()


def is_stranger(values: Mapping[str, Any]) -> bool:
    """Whether an application with this metadata registered itself, and no admin has vouched for it."""
    return bool(values.get("self_registered"))


def outbound(services: Services, values: Mapping[str, Any]) -> Outbound:
    """What asks the addresses in this metadata: a stranger's lead to nothing inside (S42), and are not waited for."""
    return services.outbound.for_strangers if is_stranger(values) else services.outbound


def kept_as(values: Mapping[str, Any], address: str) -> str:
    """The name of what is read there: what strangers make us read, or fail to, is nothing to the others, nor back."""
    return f"stranger {address}" if is_stranger(values) else address


@dataclass(frozen=True, slots=True)
class Unreachable:
    """An address that cannot be called. `setting`: where the application has it."""

    client_id: str
    name: str
    setting: str
    url: str
    reason: str
    explanation: Explanation

    def __str__(self) -> str:
        return f"{self.setting} {self.url} cannot be called: {self.reason}. {self.explanation.fix}"


def explain(url: str, error: Exception, field: str = "") -> Explanation:
    """Whose fault it is that an address was not called, and what to do. `field`: what has the address."""
    expected, got = f"an answer at {url}", str(error)
    if not isinstance(error, OutboundRefused):
        fix = next((fix for part, fix in _FIXES.items() if part in got), _FIXES[""])
        return Explanation("application", fix, field, expected, got)
    parts = urlsplit(url)
    origin = f"{parts.scheme}://{parts.netloc}"
    return Explanation(
        "doorward",
        f'Only https to public addresses is called: if this one is meant, add "{origin}" to outbound.allow in the '
        "settings and restart; else give the application a public https address. Of one that registered itself only "
        "public addresses are called until an admin has taken the mark (self_registered) back.",
        field, expected, got,
    )  # fmt: skip


#: Parts of a reason, and what helps; the last one always does.
_FIXES: Final = {
    "self-signed": "Nobody known has signed its certificate: install one of a public CA there, with its chain, or name "
    "the CA of your house in the setting outbound.ca.",
    "self signed": "Nobody known has signed its certificate: install one of a public CA there, with its chain, or name "
    "the CA of your house in the setting outbound.ca.",
    "local issuer": "Its certificate comes without the intermediate ones, or of a CA of your house: install the whole "
    "chain there, or name that CA in the setting outbound.ca.",
    "mismatch": "Its certificate is of another name: correct the host of the address, or install a certificate for it.",
    "not valid for": "Its certificate is of another name: correct the host of the address, or install one for it.",
    "expired": "Its certificate has expired: renew it there.",
    "certificate": "Its certificate is not accepted: install one of a public CA there, with its chain, or name the CA "
    "of your house in the setting outbound.ca.",
    "has no address": "The name server knows no such host: compare the spelling, and ask here as well (getent hosts).",
    "in time": "It was too slow, or a firewall keeps us out: try the address from this machine (curl), and let the "
    "application answer before it tidies up.",
    "redirect": "It leads elsewhere, such as to https, to a slash at the end or to its sign-in page: register the "
    "address that it leads to, and let nobody have to sign in there.",
    "accept the connection": "Nothing listens there: start the application, and compare host and port.",
    "status 404": "There is nothing at this path: compare it with the application's documents.",
    "status 405": "The path takes no POST: compare it with the application's documents.",
    "status 400": "It refuses what it is sent: compare the issuer, the client id and our keys in its settings with "
    "ours; its log says more.",
    "status 401": "It asks for a sign-in there: let nobody have to sign in at this address; what is sent is signed.",
    "status 403": "Something before it keeps us out, such as a firewall of the web or its check of forms (CSRF): let "
    "this path through; what is sent is signed.",
    "status 5": "The application fails while it signs somebody out: its log says why.",
    "": "See that the application is up and answers there, seen from this machine.",
}


def find_unreachable(services: Services, client: Client, until: float | None = None) -> Iterator[Unreachable]:
    """The addresses of an application that cannot be called, as seen from here. `until`: of `time.monotonic`."""
    for setting, url in addresses(client):
        left = 1.0 if until is None else min(1.0, until - time.monotonic())
        try:
            if left > 0:
                outbound(services, client.metadata).check(url, left)
        except (OutboundRefused, OutboundFailed) as error:
            yield Unreachable(client.id, client.name, setting, url, str(error), explain(url, error))


def addresses(client: Client) -> Iterator[tuple[str, str]]:
    """Those that we call by ourselves, each with the setting that has it."""
    if client.oidc.backchannel_logout_uri:
        yield "backchannel_logout_uri", client.oidc.backchannel_logout_uri
    if client.oidc.jwks_uri:
        yield "jwks_uri", client.oidc.jwks_uri
    endpoint = client.saml.find_slo(_SOAP) if client.saml is not None else None
    if endpoint is not None:
        yield "the SOAP logout address of its metadata", endpoint.location
