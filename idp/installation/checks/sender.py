"""What DNS says of the domain that our mail comes from: SPF (RFC 7208), DKIM (RFC 6376), DMARC (RFC 7489)."""

from __future__ import annotations

import base64
import binascii
import ipaddress
import re
from typing import TYPE_CHECKING, Any, Final, Protocol

from idp.installation.checks.findings import Finding, Found

if TYPE_CHECKING:
    from idp.protocols import Services

_WAIT: Final = 2.0  # seconds for each question
_LOOKUPS: Final = 10  # RFC 7208 §4.6.4
#: RFC 6761, RFC 2606: what no public DNS knows.
_NOWHERE: Final = ("localhost", "test", "invalid", "example", "local", "internal", "lan")


class Unanswered(Exception):
    """DNS does not answer, so that nothing is known."""


class Names(Protocol):
    """Who is asked."""

    def texts(self, name: str) -> list[str] | None:
        """The TXT records, each as one; None where the name is not there. Errors: `Unanswered`."""


class Resolver:
    """This machine's own resolver, or another."""

    def __init__(self, resolver: Any = None) -> None:
        import dns.resolver

        self._resolver = resolver or dns.resolver.Resolver()

    def texts(self, name: str) -> list[str] | None:
        """See `Names`."""
        import dns.exception
        import dns.resolver

        try:
            answer = self._resolver.resolve(name, "TXT", lifetime=_WAIT)
        except dns.resolver.NXDOMAIN:
            return None
        except dns.resolver.NoAnswer:
            return []
        except (dns.exception.DNSException, OSError) as error:
            raise Unanswered(type(error).__name__) from None
        return [b"".join(record.strings).decode("utf-8", "replace") for record in answer]


def examine(services: Services) -> Found:
    """For an installation that sends mail to others than itself."""
    from idp.mail import smtp

    mail = services.settings.mail
    domain = smtp.sender_of(services.settings)[0].rpartition("@")[2].lower().rstrip(".")
    if mail.host and is_public(domain):
        yield from of_domain(domain, mail.dkim_selector, Resolver())


def is_public(domain: str) -> bool:
    """Whether the world's DNS can know it."""
    try:
        ipaddress.ip_address(domain.strip("[]").removeprefix("ipv6:"))
    except ValueError:
        return "." in domain and domain.rpartition(".")[2] not in _NOWHERE
    return False


def of_domain(domain: str, selector: str, names: Names) -> Found:
    """What is to be told of this sender."""
    try:
        yield from _spf(domain, names)
        yield from _dkim(domain, selector, names)
        yield from _dmarc(domain, names)
    except Unanswered as error:
        yield Finding("mail", "warning", f"DNS does not say whether {domain} may send mail ({error})",
                      "see /etc/resolv.conf; then look again")  # fmt: skip


def _spf(domain: str, names: Names) -> Found:
    found = [text for text in names.texts(domain) or () if re.match(r"v=spf1( |$)", text, re.IGNORECASE)]
    if len(found) != 1:
        what = "has no SPF record" if not found else f"has {len(found)} SPF records, which count as none"
        fix = f'publish one TXT record at {domain}, such as "v=spf1 mx -all", that names your mail server'
        yield Finding("mail", "warning", f"{domain} {what}: others put our mail into the junk folder", fix)
        return
    terms = found[0].lower().split()[1:]
    if any(term in ("all", "+all") for term in terms):
        yield Finding("mail", "error", f"SPF of {domain} lets everybody send in its name (+all)", "end it with -all")
    elif not any(term in ("-all", "~all") or term.startswith("redirect=") for term in terms):
        yield Finding("mail", "warning", f"SPF of {domain} says nothing of other senders", "end it with -all or ~all")
    else:
        yield Finding("mail", "ok", f"SPF of {domain}: {found[0][:100]}")
    if (asked := _lookups(domain, names, set())) > _LOOKUPS:
        text = f"SPF of {domain} needs more than {_LOOKUPS} look-ups ({asked}), so it counts as broken"
        yield Finding("mail", "error", text, "take out what is not needed, or name networks in place of includes")


def _lookups(domain: str, names: Names, seen: set[str]) -> int:
    """How many names a receiver asks for; no more are asked here than one past the limit."""
    seen.add(domain)
    total = 0
    for text in names.texts(domain) or ():
        if not re.match(r"v=spf1( |$)", text, re.IGNORECASE):
            continue
        for term in text.lower().split()[1:]:
            if re.match(r"[?~+-]?(a|mx|ptr|exists)([:/]|$)", term):
                total += 1
            elif match := re.match(r"(?:[?~+-]?include:|redirect=)([a-z0-9._-]+)$", term):
                total += 1
                if match[1] not in seen and len(seen) <= _LOOKUPS:
                    total += _lookups(match[1], names, seen)
    return total


def _dkim(domain: str, selector: str, names: Names) -> Found:
    if not selector:
        yield Finding("mail", "ok", f"DKIM of {domain} is not looked at: mail.dkim_selector names none")
        return
    name = f"{selector}._domainkey.{domain}"
    found = [tags for tags in map(_tags, names.texts(name) or ()) if "p" in tags]
    fix = "publish the key that your mail server signs with there, or correct mail.dkim_selector"
    if not found:
        yield Finding("mail", "error", f"there is no DKIM key at {name}", fix)
    elif not found[0]["p"]:
        yield Finding("mail", "error", f"the DKIM key at {name} is withdrawn", fix)
    elif found[0].get("k", "rsa") == "rsa" and (bits := _bits(found[0]["p"])) < 1024:
        what = "cannot be read" if not bits else f"has {bits} bits, and receivers want 1024 at least"
        yield Finding("mail", "error", f"the DKIM key at {name} {what}", "make one of 2048 bits (RFC 8301 §3.2)")
    else:
        yield Finding("mail", "ok", f"DKIM key at {name}")


def _dmarc(domain: str, names: Names) -> Found:
    # RFC 7489 §6.6.3: where the domain itself says nothing, what stands above it says it.
    above = domain.split(".")
    for place in (".".join(above[cut:]) for cut in range(max(1, len(above) - 1))):
        found = [text for text in names.texts(f"_dmarc.{place}") or () if re.match(r"v=DMARC1\s*(;|$)", text)]
        if found:
            tags = _tags(found[0])
            policy = tags.get("p", "none") if place == domain else tags.get("sp") or tags.get("p", "none")
            text = f"DMARC of {place}: {policy[:20]}"
            yield Finding("mail", "ok", text if policy != "none" else f"{text}, so who forges our mail is let through")
            return
    fix = f'publish a TXT record at _dmarc.{domain}, such as "v=DMARC1; p=quarantine", when SPF and DKIM hold'
    yield Finding("mail", "warning", f"{domain} has no DMARC record: anybody's mail may look like ours", fix)


def _tags(text: str) -> dict[str, str]:
    """RFC 6376 §3.2: `name=value` apart by semicolons."""
    pairs = (part.partition("=") for part in text.split(";") if "=" in part)
    return {name.strip(): re.sub(r"\s", "", value) for name, _, value in pairs}


def _bits(key: str) -> int:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
    from cryptography.hazmat.primitives.serialization import load_der_public_key

    try:
        found = load_der_public_key(base64.b64decode(key, validate=True))
    except (ValueError, binascii.Error):
        return 0
    return found.key_size if isinstance(found, RSAPublicKey) else 0
