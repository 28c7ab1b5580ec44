"""Settings that are given and have no effect as long as others are as they are, and variables that mean nothing."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from typing import TYPE_CHECKING, Final, NamedTuple

from idp.installation.checks.findings import Finding, Found

if TYPE_CHECKING:
    from idp.config import Settings

#: Read elsewhere than in the table of the settings' variables.
_OTHER_VARIABLES: Final = ("DOORWARD_CONFIG",)


class Rule(NamedTuple):
    """`keys`: of one section, '*' for all of it but those that `counts` itself asks for."""

    section: str
    keys: tuple[str, ...]
    counts: Callable[[Settings], bool]
    needs: str
    but: tuple[str, ...] = ()


RULES: Final[tuple[Rule, ...]] = (
    Rule("keys", ("master_key_file", "master_key_command"), lambda s: not s.keys.master_key,
         "keys.master_key (DOORWARD_MASTER_KEY) is given, and comes first"),
    Rule("keys", ("master_key_file",), lambda s: not s.keys.master_key_command,
         "keys.master_key_command is given, and comes first"),
    Rule("keys", ("pkcs11_pin_file", "pkcs11_pin_command"), lambda s: not s.keys.pkcs11_pin,
         "keys.pkcs11_pin (DOORWARD_PKCS11_PIN) is given, and comes first"),
    Rule("keys", ("pkcs11_pin_file",), lambda s: not s.keys.pkcs11_pin_command,
         "keys.pkcs11_pin_command is given, and comes first"),
    Rule("keys", ("pkcs11_token", "pkcs11_pin", "pkcs11_pin_file", "pkcs11_pin_command"),
         lambda s: bool(s.keys.pkcs11_module), "keys.pkcs11_module is empty"),
    Rule("keys", ("transit_token_file",), lambda s: not s.keys.transit_token,
         "keys.transit_token (DOORWARD_TRANSIT_TOKEN) is given, and comes first"),
    Rule("keys", ("transit_mount", "transit_token", "transit_token_file"), lambda s: bool(s.keys.transit_url),
         "keys.transit_url is empty"),
    Rule("mail", ("*",), lambda s: bool(s.mail.host), "mail.host is empty", but=("host", "sender", "reply_to")),
    Rule("mail", ("password",), lambda s: bool(s.mail.username), "mail.username is empty"),
    Rule("mail", ("ca",), lambda s: s.mail.tls != "none", "mail.tls is none"),
    Rule("sms", ("*",), lambda s: bool(s.sms.sender), "sms.sender is empty", but=("sender",)),
    Rule("sms", ("url", "token"), lambda s: s.sms.sender != "console", "sms.sender is console"),
    Rule("sms", ("username",), lambda s: s.sms.sender in ("", "smpp"), "sms.sender is not smpp"),
    Rule("audit", ("syslog_ca",), lambda s: bool(s.audit.syslog), "audit.syslog is empty"),
    Rule("audit", ("webhook_secret",), lambda s: bool(s.audit.webhook), "audit.webhook is empty"),
    Rule("audit", ("stream_format",), lambda s: bool(s.audit.syslog or s.audit.webhook),
         "audit.syslog and audit.webhook are empty"),
    Rule("backup", ("every_hours", "keep", "with_master_key"), lambda s: bool(s.backup.folder),
         "backup.folder is empty"),
    Rule("self_registration", ("*",), lambda s: s.self_registration.enabled, "self_registration.enabled is false",
         but=("enabled",)),
    Rule("passkeys", ("rp_id", "related_origins", "offer", "aaguids", "attestation_roots"),
         lambda s: s.has_host_name, "server.issuer has no host name with https, so there are no passkeys"),
    Rule("oauth", ("open_registration_scope", "open_registration_resources", "open_registration_per_hour"),
         lambda s: s.oauth.registration == "open", "oauth.registration is not open"),
    Rule("session", ("turn_minutes",), lambda s: s.session.copied != "off", "session.copied is off"),
    Rule("admin", ("second_owner_days",), lambda s: bool(s.admin.second_owner), "admin.second_owner is empty"),
    Rule("tracing", ("*",), lambda s: bool(s.tracing.endpoint), "tracing.endpoint is empty", but=("endpoint",)),
    Rule("portal", ("geoip",), lambda s: find_spec("maxminddb") is not None,
         "the package maxminddb is missing (pip install 'doorward[geoip]')"),
)  # fmt: skip


def examine(settings: Settings) -> Found:
    """Values are not told: they may be secrets."""
    places, told = settings.places(), set()
    for rule in RULES:
        if rule.counts(settings):
            continue
        for key in _given(settings, rule):
            if (rule.section, key) not in told:
                told.add((rule.section, key))
                text = f"{rule.section}.{key} ({places[rule.section, key]}) has no effect: {rule.needs}"
                yield Finding("settings", "warning", text, "take it out, or set the other as it was meant")
    from idp.config import ENVIRONMENT

    known = {*ENVIRONMENT, *_OTHER_VARIABLES}
    for name in sorted(one for one in os.environ if one.startswith("DOORWARD_") and one not in known):
        fix = f"is one of {', '.join(_near(name, known))} meant?" if _near(name, known) else "take it out"
        yield Finding("settings", "warning", f"the environment variable {name[:80]} means nothing to Doorward", fix)
    if not told:
        yield Finding("settings", "ok", "each that is given has an effect")


def _given(settings: Settings, rule: Rule) -> Iterator[str]:
    """Those of a rule that somebody gave, with another value than the default."""
    section = getattr(settings, rule.section)
    for key, field in type(section).model_fields.items():
        is_meant = key in rule.keys or (rule.keys == ("*",) and key not in rule.but)
        if is_meant and (rule.section, key) in settings.places() and getattr(section, key) != field.default:
            yield key


def _near(name: str, known: set[str]) -> list[str]:
    from difflib import get_close_matches

    return get_close_matches(name, known, 2)
