"""All of Windows sign-in that can be tried without a person: library, keytab, name, kinds of keys, domain, clocks."""

from __future__ import annotations

import re
import socket
import stat
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from idp.errors import Refused
from idp.federation.kerberos import accepting
from idp.federation.kerberos.accepting import Key, NotReady
from idp.federation.kerberos.shown import AES
from idp.federation.ldap import asking, filters
from idp.federation.ldap.answers import Entry
from idp.federation.ports import Found, Question
from idp.federation.provider import Provider
from idp.protocols import Services

if TYPE_CHECKING:
    from idp.federation.ldap.wire import Conversation

#: RFC 4120 §5.2.6 (Kerberos): five minutes are the most that clocks may differ; AD's own time has whole seconds.
SKEW: Final = 300.0
_AES_BITS: Final = 0x18  # MS-KILE §2.2.7: AES128 and AES256
_AD_TIME: Final = re.compile(r"\d{14}(?=[.Z])")
_ACCOUNT: Final = ("sAMAccountName", "msDS-KeyVersionNumber", "msDS-SupportedEncryptionTypes")


def test(services: Services, question: Question) -> Iterator[Found]:
    """What is in the way of Windows sign-in, the local things first."""
    host = (urlsplit(services.issuer).hostname or "").lower()
    spn = f"HTTP/{host}"
    ready = [*_library(services)]
    yield from ready
    if not all(one.ok for one in ready):
        return
    keys = accepting.keys_of(accepting.keytab(services))
    mine = tuple(key for key in keys if key.principal.lower().startswith(f"{spn.lower()}@"))
    yield from _keys(spn, mine, question.provider)
    yield from _host(host, keys)
    yield from _domain(services, question, spn, mine)


def _library(services: Services) -> Iterator[Found]:
    try:
        accepting.check_library()
        file = accepting.keytab(services)
        keys = accepting.keys_of(file)
    except NotReady as error:
        yield Found("Kerberos", False, str(error))
        return
    loose = stat.S_IMODE(file.stat().st_mode) & 0o077
    fix = f"others of this machine may read it, and could be anybody here: chmod 600 {file}" if loose else ""
    yield Found(f"keytab: {file}, {len(keys)} keys", not loose, fix)


def _keys(spn: str, mine: tuple[Key, ...], provider: Provider) -> Iterator[Found]:
    if not mine:
        fix = f"the keytab has no key of {spn}: make it for the host name that people see in the address bar"
        yield Found(f"name: {spn}", False, fix)
        return
    aes = [key for key in mine if key.kind in AES]
    versions = ", ".join(map(str, sorted({key.version for key in aes})))
    fix = "its keys are RC4 or DES, and only AES is taken: give the account AES, a new password, and make it anew"
    told = f"key versions {versions}" if aes else "no AES key"
    yield Found(f"name: {spn}, {told}", bool(aes), "" if aes else fix)
    realms = {key.principal.rpartition("@")[2] for key in mine}
    if not realms & set(provider.kerberos_realms):
        fix = f"the keytab is of {', '.join(sorted(realms))}: see kerberos_realms, letter by letter"
        yield Found("realm", False, fix)


def _host(host: str, keys: tuple[Key, ...]) -> Iterator[Found]:
    if re.fullmatch(r"[\d.]+|.*:.*", host):
        yield Found(f"host: {host}", False, "browsers get tickets for names alone: give the issuer a host name")
        return
    try:
        canonical = socket.getaddrinfo(host, None, flags=socket.AI_CANONNAME)[0][3].lower().rstrip(".")
    except (OSError, UnicodeError):
        return  # this machine may not see the name that people use
    has = any(key.principal.lower().startswith(f"http/{canonical}@") for key in keys)
    if canonical and canonical != host and not has:
        fix = (
            f"it is an alias of {canonical}, and browsers ask for HTTP/{canonical}: give that name to the account and "
            "the keytab, too, or make it an A record, or set DisableAuthNegotiateCnameLookup in the browsers"
        )
        yield Found(f"host: {host}", False, fix)


def _domain(services: Services, question: Question, spn: str, mine: tuple[Key, ...]) -> Iterator[Found]:
    """What Active Directory says of the account and the time; other directories know neither."""
    provider = question.provider
    if provider.subject[0].lower() != "objectguid":
        return
    try:
        accounts, there = asking.ask(services, provider, question.secret, lambda one: _asked(one, provider, spn))
    except Refused as error:
        yield Found("domain", False, error.detail or error.explanation.fix)
        return
    if len(accounts) != 1:
        fix = f"no account there has this name: setspn -S {spn} ACCOUNT"
        if accounts:
            names = ", ".join(sorted(one.text("sAMAccountName") for one in accounts))
            fix = f"{names} all have it, so nobody gets a ticket: setspn -D {spn} from all but one"
        yield Found(f"account of {spn}", False, fix)
    else:
        yield _account(accounts[0], spn, mine)
    if there is not None:
        apart = time.time() - there
        fix = "Kerberos takes five minutes at the most: run NTP on both" if abs(apart) > SKEW else ""
        yield Found(f"clock: {apart:+.0f} s from the domain's", not fix, fix)


def _asked(conversation: Conversation, provider: Provider, spn: str) -> tuple[tuple[Entry, ...], float | None]:
    found = conversation.search(provider.base_dn, filters.of_service(spn), _ACCOUNT, most=5)
    root = conversation.read("", ("currentTime",))
    at = _AD_TIME.match(root.text("currentTime")) if root is not None else None
    return found, datetime.strptime(at[0], "%Y%m%d%H%M%S").replace(tzinfo=UTC).timestamp() if at else None


def _account(account: Entry, spn: str, mine: tuple[Key, ...]) -> Found:
    name = account.text("sAMAccountName")
    what = f"account of {spn}: {name}"
    version, kinds = account.text("msDS-KeyVersionNumber"), account.text("msDS-SupportedEncryptionTypes")
    if kinds.isdecimal() and not int(kinds) & _AES_BITS:
        return Found(
            what, False, f"it has no AES: Set-ADUser {name} -KerberosEncryptionType AES128,AES256, a new password"
        )
    if version.isdecimal() and mine and int(version) not in {key.version for key in mine}:
        return Found(what, False, f"its key version is {version}, which the keytab has not: its password was changed; "
                     "make the keytab anew, beside the old keys")  # fmt: skip
    return Found(what, True)
