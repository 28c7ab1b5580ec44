"""The signature of a SAML message: there or not, by which algorithm, by which certificate, changed on its way."""

from __future__ import annotations

import re
from base64 import b64decode
from collections.abc import Iterable, Iterator
from dataclasses import replace
from hashlib import sha256
from typing import Final
from urllib.parse import quote, quote_plus, unquote_plus

from clients.service_provider import ServiceProvider
from idp.answers import metadata
from idp.answers.certificates import named
from idp.answers.facts import is_signed
from idp.answers.finding import Finding
from idp.answers.seen import Seen
from idp.saml.messages import names
from idp.saml.messages.bindings import Received
from idp.saml.messages.public_keys import PublicKey, public_key
from idp.saml.messages.signature_gate import WITH_SHA1, BadSignature
from idp.saml.messages.signatures import open_message, verify_detached
from idp.saml.messages.xml import BadXml
from idp.saml.protocol import SSO_PATH
from idp.saml.provider_keys import signing_keys

#: Both begin at a tag, and none goes beyond it: what a stranger sends costs its length once.
_CERTIFICATE: Final = re.compile(rb"<(?:[\w.-]{1,60}:)?X509Certificate(?:\s[^<>]{0,300})?>([A-Za-z0-9+/=\s]{1,20000})<")
_ALGORITHM: Final = re.compile(
    rb"<(?:[\w.-]{1,60}:)?SignatureMethod\s[^<>]{0,300}?Algorithm=[\"']([^\"'<>]{1,200})[\"']"
)
_FORMER: Final = 5  # keys that its metadata had once, and are tried


def look(seen: Seen) -> Iterator[Finding]:
    """SDP-IDP04, SDP-IDP05."""
    provider, received = seen.client.saml, seen.received
    is_about_it = seen.code == "saml_bad_signature" or seen.told("field") == "Signature"
    if not is_about_it or provider is None or received is None:
        return
    if seen.kind == "slo" and b"AuthnRequest" in received.message[:2000]:
        fix = "The addresses are mixed up in the application: a sign-in (AuthnRequest) belongs to "
        fix += f"{seen.services.url(SSO_PATH)} (SingleSignOnService); this one takes sign-outs."
        yield Finding("destination", "application", "SingleSignOnService", fix, "LogoutRequest", "AuthnRequest")
        return
    if received.binding == names.HTTP_REDIRECT and received.signature is None and is_signed(seen):
        fix = "By HTTP-Redirect the signature stands in the address, as SigAlg and Signature (Bind §3.4.4.1); the one "
        fix += "inside the XML counts for nothing there. Let it sign so, or send by HTTP-POST."
        yield Finding(
            "signature_place", "application", "Signature", fix, "SigAlg and Signature", "a ds:Signature inside"
        )
    elif not is_signed(seen):
        yield _unsigned(seen, provider)
    elif "sha1" in (algorithm := _algorithm(received)).lower() or "digest algorithm" in seen.told("what"):
        field = "SignatureMethod" if "sha1" in algorithm.lower() else "DigestMethod"
        got = algorithm if field == "SignatureMethod" else "sha1"
        fix = "Set the signature and digest algorithms in the application to RSA-SHA256 and SHA-256; SHA-1 can be "
        fix += f"forged. If it knows no other: doorward client set {seen.client.id} allow_sha1=true"
        yield Finding("signature_algorithm", "application", field, fix, "rsa-sha256", got)
    else:
        yield _of_key(seen, provider, received)


def _unsigned(seen: Seen, provider: ServiceProvider) -> Finding:
    if seen.kind != "sso":
        fix = "Switch on the signing of logout messages in the application: each must be signed (SDP-IDP26)."
        return Finding("unsigned", "application", "Signature", fix, "a signed message", "no signature")
    who = f"its metadata promises it (AuthnRequestsSigned), or: doorward client set {seen.client.id} "
    who += "require_signed_requests=false"
    if not provider.requires_signed_requests:
        who = "the setting saml.want_requests_signed asks for it of everybody"
    elif provider.require_signed_requests:
        who = f"it was set for it: doorward client set {seen.client.id} require_signed_requests=false"
    fix = f"Switch on the signing of requests in the application, or take unsigned ones here; {who}."
    return Finding("unsigned", "application", "Signature", fix, "a signed request", "no signature")


def _of_key(seen: Seen, provider: ServiceProvider, received: Received) -> Finding:
    known, used = _shown(provider.signing_certificates), next(iter(_shown(_certificates(received))), "")
    expected = ", ".join(known) or "(none is registered)"
    command = metadata.read_again(seen.client)
    if how := _change(received, signing_keys(provider)):
        return Finding("message_changed", "application", "Signature", how, "the query as it was signed", "another one")
    if (used and used in known) or "changed after" in seen.told("what"):
        fix = (
            "It was signed by the registered key and changed afterwards: something on its way (a proxy, a plugin that "
        )
        fix += f"writes the XML anew) changes messages. The reason: {seen.told('what')}."
        return Finding(
            "message_changed", "application", "Signature", fix, expected, used or "a digest that does not fit"
        )
    former = _former(seen, received, used)
    age = metadata.age(seen.services, seen.client)
    if former is not None:
        certificate, until = former
        fix = (
            f"It signs with the key that its metadata had until {metadata.day(until)}: the change of keys was not made "
        )
        fix += f"there, or was taken back. {age} Let it sign with the new one; or read its metadata again: {command}"
        return Finding("certificate_former", "application", "certificate", fix, expected, _shown([certificate])[0])
    if not known:
        fix = f"Its metadata here has no certificate for signatures (KeyDescriptor use=signing). {age} Read metadata "
        fix += f"that has it: {command}"
    else:
        name = seen.client.name
        fix = (
            f"{name} signs with a key that its metadata here does not have, as after a renewal.{_also(received)} {age} "
        )
        fix += (
            f"Ask whoever runs {name} whether the key is theirs before you take it: anybody can send such a request. "
        )
        fix += f"If it is not, they put their own private key back; if it is, read the metadata that has it: {command}"
    return Finding(
        "certificate",
        "application",
        "certificate",
        fix,
        expected,
        used or "a signature that no registered certificate fits",
    )


def _also(received: Received) -> str:
    """By HTTP-Redirect, what else gives the same."""
    if received.signature is None:
        return ""
    return " If the key is right, RelayState was changed or left out on its way: it is signed too (Bind §3.4.4.1)."


def _former(seen: Seen, received: Received, used: str) -> tuple[str, float] | None:
    """The certificate that its metadata had once and that made this signature, and until when it had it."""
    for number, (certificate, until) in enumerate(metadata.former_keys(seen.services, seen.client)):
        if number >= _FORMER:
            return None
        if used and used in _shown([certificate]):
            return certificate, until
        try:
            key = public_key(certificate)
        except BadSignature:
            continue
        if not used and _verifies(received, key):
            return certificate, until
    return None


def _verifies(received: Received, key: PublicKey) -> bool:
    try:
        return open_message(received, [key], allowed=WITH_SHA1).signed
    except (BadSignature, BadXml):
        return False


# -- a query that was encoded anew -----------------------------------------------------------------------------------


def _change(received: Received, keys: tuple[PublicKey, ...]) -> str:
    """How the query was changed after it was signed, where that can be proven; else ''."""
    signature = received.signature
    if signature is None or not keys:
        return ""
    raw = dict(pair.split("=", 1) for pair in signature.octets.decode("ascii").split("&"))
    for told, names_ in _orders(raw).items():
        for style, encode in _STYLES.items():
            octets = "&".join(f"{name}={encode(raw[name])}" for name in names_).encode()
            try:
                verify_detached(replace(signature, octets=octets), keys, allowed=WITH_SHA1)
            except BadSignature:
                continue
            return told or _ENCODED.format(style=style)
    return ""


def _orders(raw: dict[str, str]) -> dict[str, list[str]]:
    found = {"": list(raw)}
    if "RelayState" in raw:
        found[_RELAY_STATE] = [name for name in raw if name != "RelayState"]
    found[_ORDER] = sorted(raw)
    return found


_RELAY_STATE: Final = (
    "RelayState was left out when it was signed, or put in on its way: what is signed is SAMLRequest, RelayState and "
    "SigAlg (Bind §3.4.4.1)."
)
_ORDER: Final = "The parameters were signed in another order: it is SAMLRequest, RelayState, SigAlg (Bind §3.4.4.1)."


def _plain(value: str) -> str:
    return unquote_plus(value.replace("+", "%2B") if "%" in value or "+" in value else value)


def _lower(value: str) -> str:
    return re.sub(r"%[0-9A-F]{2}", lambda found: found[0].lower(), quote_plus(_plain(value)))


_STYLES: Final = {
    "as they came": lambda value: value,
    "with upper-case digits (%2F)": lambda value: quote(_plain(value), safe=""),
    "with lower-case digits (%2f)": _lower,
    "with + for a space": lambda value: quote_plus(_plain(value)),
    "with %20 for a space": lambda value: quote(unquote_plus(value), safe=""),
    "with / left as it is": lambda value: quote(_plain(value), safe="/"),
    "as JavaScript does (encodeURIComponent)": lambda value: quote(_plain(value), safe="!'()*"),
    "not at all": _plain,
}
_ENCODED: Final = (
    "The values were percent-encoded {style} when they were signed, and arrived in another way; what is signed is what "
    "is sent, letter by letter (Bind §3.4.4.1). A proxy on the way decodes and encodes addresses anew, or the "
    "application signs one text and sends another. If the signed requests of other applications fail as well, it is "
    "the proxy before Doorward: let it pass the query on as it came. Else let the application send by HTTP-POST."
)


# -- what stands in it -----------------------------------------------------------------------------------------------


def _algorithm(received: Received) -> str:
    if received.signature is not None:
        return received.signature.algorithm[:200]
    found = _ALGORITHM.search(received.message)
    return found[1].decode("utf-8", "replace") if found else ""


def _certificates(received: Received) -> list[str]:
    found = _CERTIFICATE.search(received.message)
    return [found[1].decode()] if found else []


def _shown(certificates: Iterable[str]) -> list[str]:
    found = []
    for one in certificates:
        try:
            der = b64decode("".join(one.split()))
        except ValueError:
            continue
        found.append(named(one) or f"SHA-256 {sha256(der).hexdigest()[:16]}…")
    return found
