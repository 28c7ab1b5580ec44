"""All of a directory that can be tried without a person: I11."""

from __future__ import annotations

from idp.errors import Refused
from idp.federation.ldap import asking, entries, wire
from idp.federation.ldap.answers import BadFilter, Unreachable
from idp.federation.ldap.wire import Conversation
from idp.federation.ports import Found, Question
from idp.federation.provider import Provider
from idp.protocols import Services

#: What to do about a server that does not answer, by `Unreachable.why`.
_FIXES = {
    "tls": "give the certificate of the authority that signed the server's to `ca`, and name the server as it does",
    "refused": "name the server in outbound.allow of the settings, as it stands here",
}
SECONDS = 5.0


def test(services: Services, question: Question) -> tuple[Found, ...]:
    """Each server by itself; what the directory holds, by the first that answers."""
    provider, found, told = question.provider, list[Found](), False
    for server in provider.servers:
        try:
            with wire.connected(services, provider, server, SECONDS) as conversation:
                found.append(Found(f"server: {server}", True))
                if not told:
                    told = True
                    found.extend(_directory(question, conversation))
        except Unreachable as error:
            fix = _FIXES.get(error.why, "see whether it is up, and whether this machine may reach it")
            found.append(Found(f"server: {server}", False, f"{error.reason}: {fix}"))
    return tuple(found)


def _directory(question: Question, conversation: Conversation) -> list[Found]:
    provider = question.provider
    try:
        asking.introduce(provider, question.secret, conversation)
    except Refused as error:
        return [Found(f"bind as {provider.bind_dn}", False, error.explanation.fix)]
    found = [Found(f"bind as {provider.bind_dn or 'nobody'}", True)]
    if not conversation.has_base(provider.base_dn):
        fix = "there is no such entry, or who searches may not see it: compare the base DN, letter by letter"
        return [*found, Found(f"base: {provider.base_dn}", False, fix)]
    found += [Found(f"base: {provider.base_dn}", True), *_people(provider, conversation)]
    return [*found, *_groups(provider, conversation)]


def _people(provider: Provider, conversation: Conversation) -> list[Found]:
    what = f"people: {provider.people}"
    try:
        some = conversation.search(provider.base_dn, provider.people, entries.attributes(provider), most=5)
    except BadFilter:
        return [Found(what, False, "it is no filter that can be read (RFC 4515): compare its parentheses")]
    if not some:
        return [Found(what, False, "it finds nobody: compare the filter, and what who searches may see")]
    if not any(entries.subject(provider, one) for one in some):
        fix = f"nobody has {provider.subject[0]}, by which an account is known: see `subject`"
        return [Found(what, True), Found("subject", False, fix)]
    if not any(one.text(name) for one in some for name in provider.names):
        return [Found(what, True), Found("names", False, f"nobody has {' or '.join(provider.names)}: see `names`")]
    return [Found(what, True)]


def _groups(provider: Provider, conversation: Conversation) -> list[Found]:
    if not provider.group_filter:
        return []
    what, base = f"groups: {provider.group_filter}", provider.group_base or provider.base_dn
    try:
        some = conversation.search(base, provider.group_filter, (provider.group_name,), most=5)
    except BadFilter:
        return [Found(what, False, "it is no filter that can be read (RFC 4515): compare its parentheses")]
    if not any(one.text(provider.group_name) for one in some):
        return [Found(what, False, "it finds no group with a name: compare the filter, the base and `group_name`")]
    return [Found(what, True)]
