"""What Redis says, or is set to, means for whoever runs it: which of its settings, what to do. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final, NamedTuple


class Advice(NamedTuple):
    """`field`: a setting of ours or of Redis."""

    field: str
    fix: str


class Fault(NamedTuple):
    """What is set wrongly in a Redis that answers. `is_error`: it loses or refuses something by now."""

    field: str
    expected: str
    got: str
    fix: str
    is_error: bool


_URL: Final = "storage.state_url"
_ROWS: Final[tuple[tuple[str, str, str], ...]] = (
    (r"WRONGPASS|invalid username-password|AUTH.*called without any password|invalid password", _URL,
     "Redis does not take this user and password: correct them in the URL (redis://user:password@host; with "
     "requirepass alone redis://:password@host), or set them there."),
    (r"NOAUTH|Authentication required", _URL, "Redis wants a password: redis://:password@host in the URL."),
    (r"NOPERM|no permissions", "ACL of Redis",
     "The user may not use what is needed: allow it +@all, or +set +get +getdel +eval +del +ping +info on "
     "~doorward:*."),
    (r"OOM|maxmemory", "maxmemory",
     "Redis is full and takes nothing more: raise maxmemory. Nobody signs in until then; whoever is signed in goes "
     "on."),
    (r"READONLY|read only replica|previous master is now", _URL,
     "This is a replica, which cannot be written to: name the master in the URL, or the Sentinels, which know it: "
     "redis+sentinel://host1:26379,host2:26379/service/0."),
    (r"No master found", _URL,
     "No Sentinel knows a master by this name that is up: compare the name in the URL with `sentinel monitor`. While a "
     "replica is being promoted this lasts for seconds."),
    (r"MISCONF|RDB snapshots", "dir of Redis",
     "Redis cannot save to its disk and therefore refuses to write: make room or mend the rights of its dir, or set "
     "stop-writes-on-bgsave-error no (what is kept here is short-lived)."),
    (r"LOADING|is loading the dataset", "Redis", "Redis is still reading its file: wait for it."),
    (r"CLUSTERDOWN|Hash slot not served|not covered", "nodes of the Redis Cluster",
     "Some slots have no master: a replica is being promoted, which lasts for seconds, or it had none. See "
     "`redis-cli cluster info`."),
    (r"Cluster cannot be connected|Cluster mode is not enabled", _URL,
     "No node of the Cluster answers, or this Redis is none: start them, or correct the hosts in the URL "
     "(redis+cluster://host1,host2,host3)."),
    (r"MOVED|\bASK\b", _URL,
     "This is a Redis Cluster: name its nodes, redis+cluster://host1:6379,host2:6379,host3:6379."),
    (r"max number of clients", "maxclients", "Redis has no connection left: raise its maxclients."),
    (r"unknown command|GETDEL", "version of Redis", "Redis 6.2 or later is needed (Valkey works as well)."),
    (r"CERTIFICATE_VERIFY_FAILED|certificate", _URL,
     "The certificate of Redis is of an authority that is not known here, or for another name: add "
     "?ssl_ca_certs=/path/ca.pem, and the host as the certificate has it."),
    (r"WRONG_VERSION_NUMBER|\bSSL\b|Connection closed by server|reset by peer|Protocol Error", _URL,
     "One side speaks TLS and the other does not: rediss:// is with, redis:// is without."),
    (r"Name or service not known|Temporary failure in name resolution|No address associated", _URL,
     "No address was found for the host in the URL: correct it, or the DNS of this machine."),
    (r"refused", _URL,
     "Nothing listens there: start Redis, let it listen on that address (bind), or correct host and port in the URL."),
    (r"No such file or directory|Permission denied", _URL,
     "The socket is not there, or this user may not use it (unixsocketperm 770, and the group of Redis)."),
    (r"Timeout|timed out|unreachable|No route", _URL,
     "Redis does not answer within a quarter of a second: too far away, too busy, or a firewall in between."),
    (r"invalid (DB|database) index|DB index is out of range", _URL, "There is no such database: take /0 in the URL."),
)  # fmt: skip
_OTHER: Final = Advice(_URL, "See the log of Redis.")
_NEARLY_FULL: Final = 0.9


def of(said: str) -> Advice:
    """What an error of Redis means."""
    found = next((row for row in _ROWS if re.search(row[0], said, re.IGNORECASE)), None)
    return Advice(found[1], found[2]) if found is not None else _OTHER


def faults(facts: Mapping[str, object]) -> Iterator[Fault]:
    """What is wrong with a Redis, by its INFO; what it does not tell is not judged."""
    policy, most, used = (
        str(facts.get("maxmemory_policy", "")),
        _number(facts, "maxmemory"),
        _number(facts, "used_memory"),
    )
    evicted = _number(facts, "evicted_keys")
    if policy not in ("", "noeviction"):
        fix = (
            "Set maxmemory-policy noeviction (CONFIG SET maxmemory-policy noeviction, and in redis.conf): a “used” "
            "mark that is thrown away lets a code be used twice, and wrong passwords are forgotten."
        )
        lost = f", {evicted:.0f} keys are gone by now" if evicted else ""
        yield Fault("maxmemory-policy", "noeviction", f"{policy}{lost}", fix, bool(most or evicted))
    if str(facts.get("role", "master")) != "master":
        fix = "Name the master in storage.state_url: a replica takes no writes, so nobody signs in."
        yield Fault("storage.state_url", "a master", f"role {facts['role']}", fix, True)
    if facts.get("kind", "one") != "one" and facts.get("connected_slaves") == 0:
        fix = (
            "Give each master a replica on another machine, and mend the one that is gone: without one nothing "
            "can take its place."
        )
        yield Fault("replicas", "one or more for each master", "none is connected", fix, False)
    if most and used > _NEARLY_FULL * most:
        fix = "Raise maxmemory of Redis before it is full: it refuses what is new then, and nobody signs in."
        yield Fault("maxmemory", f"less than {_NEARLY_FULL:.0%} in use", f"{used / most:.0%} in use", fix, used >= most)
    if str(facts.get("rdb_last_bgsave_status", "ok")) != "ok":
        advice = of("MISCONF")
        yield Fault(advice.field, "saving works", "the last save failed", advice.fix, True)
    elif facts.get("save") == "" and not _number(facts, "aof_enabled"):
        fix = (
            "Set save 60 1, or appendonly yes: else a restart of Redis ends pauses after wrong passwords, and people "
            "who are just signing in begin again."
        )
        yield Fault("save", "a snapshot or an append-only file", "nothing is kept on disk", fix, False)
    version = str(facts.get("redis_version", "")).split(".")
    if version[0].isdigit() and tuple(int(part) for part in version[:2] if part.isdigit()) < (6, 2):
        yield Fault("version of Redis", "6.2 or later", ".".join(version), "Upgrade Redis, or take Valkey.", True)


def _number(facts: Mapping[str, object], name: str) -> float:
    try:
        return float(str(facts.get(name, 0)))
    except ValueError:
        return 0.0
