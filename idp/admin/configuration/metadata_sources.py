"""Metadata sources: federations by aggregate or MDQ. The applications that one brings are no part of a file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from clients.access import EVERYONE, Access
from clients.errors import InvalidMetadata
from clients.saml_fields import SETTINGS, check_settings
from idp.admin.configuration import access_rule, certificates
from idp.admin.configuration.changes import Change, Done, Field, Planning, Step, differences, same
from idp.admin.configuration.document import Entry, Faults, check_keys, flag_of, text_of
from idp.admin.configuration.effects import Impact
from idp.admin.configuration.kind import Kind
from idp.admin.configuration.writing import Written
from idp.admin.permissions import Permission
from idp.audit import Recorder
from idp.protocols import Services
from idp.saml.assertions.attribute_sources import check_sources
from idp.saml.metadata import sources
from idp.saml.metadata.lexical import BadMetadata
from idp.saml.metadata.sources import Source, SourceDraft

TABLE = "source"
KEYS = ("url", "kind", "name", "certificates", "access", "max_days", "sha1", "defaults")
KINDS = ("aggregate", "mdq")
DAY = 86_400.0


def _export(services: Services) -> Iterator[Written]:
    for source in sources.list_all(services):
        if source.kind in KINDS:
            values = {key: value for key, value in _flat(services, source).items() if value not in (None, False, {})}
            yield Written(TABLE, values, ("The applications that it brings are no part of this file.",))


def _flat(services: Services, source: Source) -> dict[str, Any]:
    days = None if source.max_validity is None else source.max_validity / DAY
    return {
        "url": source.url,
        "kind": source.kind,
        "name": source.name,
        "certificates": list(source.certificates),
        "access": access_rule.shown(services, _rule(source))[0],
        "max_days": int(days) if days is not None and days == int(days) else days,
        "sha1": source.sha1,
        "defaults": dict(source.defaults),
    }


def _rule(source: Source) -> Access:
    return Access.from_json(source.access) if source.access else EVERYONE


def _identity(entry: Entry) -> str:
    return str(entry.values.get("url", f"{entry.file} {entry.line}"))


def _plan(planning: Planning, entry: Entry) -> Step:
    check_keys(entry, KEYS)
    url = text_of(entry, "url", "the address of the aggregate, or the base of the MDQ server")
    there = next((one for one in sources.list_all(planning.services) if one.url == url and one.kind in KINDS), None)
    wanted = _declared(planning, entry, there or Source("", "", url, url, 0, 0))
    if there is not None:
        return _standing(planning, entry, there, wanted)
    for key in ("kind", "certificates", "access"):
        if key not in entry.values:
            hint = f"; {access_rule.SHAPE}" if key == "access" else ""
            raise entry.fault("", f"{key} is missing{hint}")
    try:
        sources.check(planning.services, wanted)
    except BadMetadata as error:
        raise entry.fault("url", error.reason) from None
    shown = _flat(planning.services, wanted)
    fields = tuple(Field(key, None, value) for key, value in shown.items() if key in entry.values)

    def run(services: Services, record: Recorder) -> Done:
        draft = SourceDraft(
            wanted.kind, url, wanted.certificates, wanted.name, wanted.defaults, _rule(wanted), wanted.max_validity,
            wanted.sha1,
        )  # fmt: skip
        return Done(sources.add(services, draft, record=record).id)

    effects = ("it is read for the first time within a minute",)
    return Step(Change("add", TABLE, "", wanted.name, fields, effects=effects), run)


def _standing(planning: Planning, entry: Entry, there: Source, wanted: Source) -> Step:
    if wanted.kind != there.kind:
        raise entry.fault(
            "kind", f"is {there.kind} and cannot become {wanted.kind}: remove the source, and add it anew"
        )
    fields = differences(_flat(planning.services, there), _flat(planning.services, wanted))

    def run(services: Services, record: Recorder) -> Done:
        sources.change(services, wanted, record=record)
        return Done(there.id)

    return Step(Change("change", TABLE, there.id, there.name, fields), run)


def _declared(planning: Planning, entry: Entry, base: Source) -> Source:
    """The source as the table has it; what it does not say stays. Errors: `Fault`, `Faults`."""
    values, made = entry.values, base
    if "kind" in values:
        if values["kind"] not in KINDS:
            raise entry.fault("kind", f"expected {' or '.join(KINDS)}")
        made = replace(made, kind=values["kind"])
    if "name" in values:
        made = replace(made, name=text_of(entry, "name", "what admins call it") or base.url)
    if "certificates" in values:
        made = replace(made, certificates=certificates.read(entry, "certificates"))
        if not made.certificates:
            raise entry.fault("certificates", "expected at least one: without it, anybody on the way adds applications")
    if "access" in values:
        made = replace(made, access=access_rule.read(planning, entry, _rule(base) if base.id else None).to_json())
    if "sha1" in values:
        made = replace(made, sha1=flag_of(entry, "sha1"))
    if "max_days" in values:
        made = replace(made, max_validity=_days(entry))
    if "defaults" in values:
        made = replace(made, defaults=_defaults(planning, entry, base))
    return made


def _days(entry: Entry) -> float:
    days = entry.values["max_days"]
    if isinstance(days, bool) or not isinstance(days, (int, float)) or not 1 <= days <= 400:
        raise entry.fault("max_days", "expected 1 to 400")
    return days * DAY


def _defaults(planning: Planning, entry: Entry, base: Source) -> Mapping[str, Any]:
    given = entry.values["defaults"]
    if same(given, dict(base.defaults)):
        return base.defaults  # as they were said, short names and all
    if not isinstance(given, dict):
        raise entry.fault("defaults", f"expected a table of settings: {', '.join(SETTINGS)}")
    valid, problems = check_settings(given)
    try:
        check_sources(planning.services, given)
    except InvalidMetadata as error:
        problems = [*problems, *error.problems]
    if problems:
        raise Faults(entry.fault("defaults", str(problem)) for problem in problems)
    return valid


def _removal(planning: Planning, object_id: str) -> Step | None:
    source = sources.find(planning.services, object_id)
    if source is None:
        return None

    def run(services: Services, record: Recorder) -> Done:
        sources.remove(services, object_id, record=record)
        return Done(object_id)

    def effects(_: Impact) -> Iterator[str]:
        brought = sources.brought(planning.services, source)
        if brought:
            yield f"turns {brought:,} {'application' if brought == 1 else 'applications'} off that it brought"

    return Step(Change("remove", TABLE, object_id, source.name), run, effects)


_NEEDS = {"add": Permission.APPS_CREATE, "change": Permission.APPS_CREATE, "remove": Permission.APPS_REMOVE}
KIND = Kind(TABLE, _export, _identity, _plan, _removal, _NEEDS)
