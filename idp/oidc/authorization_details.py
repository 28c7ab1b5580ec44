"""Authorization details (RFC 9396): what an application asks for beyond scopes, read, narrowed, and told to a person.

A detail is of a type that an admin registered, as its schema says, small enough to be read in full by whoever is asked,
and for resources of its application alone. Errors of all: `OAuthError` (invalid_authorization_details, §5).
"""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from clients.client import Client
from clients.details_types import DetailsType, sentences
from clients.details_types.details_type import COMMON
from idp.errors import OAuthError
from idp.ids import digest
from idp.oidc.token_request import TokenRequest
from idp.protocols import Services
from idp.wire import Params

PARAMETER: Final = "authorization_details"
#: What a consent names a detail by: its type, and a digest of all of it. It is asked for each time all the same.
CONSENT: Final = "detail:"
MAX_DETAILS: Final = 10
MAX_LENGTH: Final = 8192  # characters, all together
MAX_DEPTH: Final = 6  # objects and arrays inside one another
MAX_VALUES: Final = 60  # of one detail: as many lines stand on the page

Detail = Mapping[str, Any]


def read(services: Services, params: Params, client: Client) -> list[dict[str, Any]]:
    """The details of an authorization request, every rule applied; none where the parameter is missing or empty."""
    text = params.get(PARAMETER)
    if not text:
        return []
    found = _enriched(services, _parsed(text))
    for detail in found:
        _check(services, client, detail)
    return found


def check_none(params: Params) -> None:
    """Nobody has agreed to a detail where an assertion stands for the person."""
    if params.get(PARAMETER):
        raise _refused(
            "This grant gives no details: nobody was asked.", expected="(nothing)", got=PARAMETER,
            fix="Let the application ask the person for them, by a sign-in.",
        )  # fmt: skip


def with_places(services: Services, client: Client, resource: list[str], details: Sequence[Detail]) -> list[str]:
    """The resources of a request, and those that its details are for (§2.2, `locations`)."""
    types = services.registry.details_types() if details else {}
    named = [uri for one in details for uri in _places(types.get(one["type"]), one, client)]
    return list(dict.fromkeys([*resource, *named]))


def standing(
    services: Services, client: Client, details: Sequence[Detail], resource: Iterable[str]
) -> list[Detail]:  # fmt: skip
    """Those of a grant that hold for a token with this audience, as far as the application may still have them (§9.1).

    A detail that is for no resource in particular holds for any.
    """
    if not details:
        return []
    types, meant = services.registry.details_types(), set(resource)
    found = []
    for one in details:
        kind = types.get(one["type"])
        if kind is None or not _may(kind, client):
            continue
        is_for_any = "locations" not in one and not kind.resources
        if is_for_any or meant & set(_places(kind, one, client)):
            found.append(one)
    return found


def narrowed(
    services: Services, asked: TokenRequest, granted: Sequence[Detail], resource: Sequence[str]
) -> list[Detail]:
    """What one access token is good for: all that was granted, or what is asked for within it (§6, §6.1)."""
    own, text = standing(services, asked.client, granted, resource), asked.form.get(PARAMETER)
    if not text:
        return own
    wanted = _enriched(services, _parsed(text))  # what was granted may have been asked for in fewer words
    if not is_within(wanted, own):
        raise _refused(
            "A detail was asked for that was not granted.", expected=_short(own), got=_short(wanted),
            fix="Let the application leave authorization_details out, or ask for a part of what the person agreed to: "
            "the same detail with fewer actions, locations, datatypes or privileges.",
        )  # fmt: skip
    types = services.registry.details_types()
    for one in wanted:  # a shorter list may be one that the schema does not allow
        if wrong := types[one["type"]].problem(one):
            raise _not_as_its_schema(one["type"], wrong)
    return list(wanted)


def is_within(wanted: Sequence[Detail], granted: Sequence[Detail]) -> bool:
    """Whether each is one of those granted, or a part of one; each of those stands for one alone (§6.1).

    Types may mean anything by their own fields, so these are equal; lists that RFC 9396 §2.2 defines may be shorter.
    """
    left, equal = list(granted), {_canonical(one) for one in granted}
    for one in sorted(wanted, key=lambda each: _canonical(each) not in equal):  # what is equal takes its own
        match = next((each for each in left if _canonical(one) == _canonical(each) or _is_part(one, each)), None)
        if match is None:
            return False
        left.remove(match)
    return True


def names(details: Sequence[Detail]) -> tuple[str, ...]:
    """What a consent is remembered by."""
    return tuple(f"{CONSENT}{one['type']}:{digest(_canonical(one))[:22]}" for one in details)


def described(services: Services, details: Sequence[Detail]) -> list[dict[str, Any]]:
    """For the consent page: its type, the sentence in each language that it has one in, and every value."""
    types, found = services.registry.details_types() if details else {}, []
    for name, one in zip(names(details), details, strict=True):
        kind = types.get(one["type"])
        told = kind.sentences if kind is not None else {}
        found.append({
            "name": name, "title": one["type"], "description": "",
            "sentences": {language: sentences.filled(text, one) for language, text in told.items()},
            "rows": list(sentences.rows(one)),
        })  # fmt: skip
    return found


def seen_by(services: Services, caller: Client, client: Client, details: Sequence[Detail]) -> list[Detail]:
    """What of a token's details a resource server is told (§9.2): those that are for it, or for none in particular."""
    if caller.id == client.id or caller.oidc.introspection == "all":
        return list(details)
    return standing(services, client, details, caller.oidc.resources)


def _enriched(services: Services, found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """§7.1: with what the type says of members that were left out: the person reads it, and the token has it.

    Two that are one and the same then are one.
    """
    types = services.registry.details_types()
    whole = [types[one["type"]].enriched(one) if one["type"] in types else one for one in found]
    for one in whole:
        _check_size(one)
    return list({_canonical(one): one for one in whole}.values())


def _may(kind: DetailsType, client: Client) -> bool:
    return kind.name in client.oidc.authorization_details_types or bool(client.oidc.resources & set(kind.resources))


def _places(kind: DetailsType | None, detail: Detail, client: Client) -> tuple[str, ...]:
    named = detail.get("locations") or (kind.resources if kind is not None else ())
    return tuple(uri for uri in named if uri in client.oidc.resources)


def _is_part(part: Detail, whole: Detail) -> bool:
    if part.keys() != whole.keys():  # what is left out may mean "all"
        return False
    for name, value in part.items():
        if name not in COMMON:
            if _canonical(value) != _canonical(whole[name]):  # to Python, true is 1 is 1.0
                return False
        elif not (isinstance(value, list) and value and all(one in whole[name] for one in value)):
            return False
    return True


# -- one by one ------------------------------------------------------------------------------------------------------


def _parsed(text: str) -> list[dict[str, Any]]:
    """§2: a JSON array of objects, each with a type."""
    if len(text) > MAX_LENGTH:
        raise _refused("The details are too long.", expected=f"{MAX_LENGTH} characters", got=f"{len(text)}")
    try:
        found = json.loads(text, parse_constant=_no_number, parse_float=_finite, object_pairs_hook=_each_once)
    except (ValueError, RecursionError) as error:
        raise _refused("authorization_details is no JSON.", expected='[{"type": "…"}]', got=str(error)[:80]) from None
    if not isinstance(found, list) or not 0 < len(found) <= MAX_DETAILS or not all(isinstance(o, dict) for o in found):
        raise _refused("It must be an array of objects.", expected=f"1 to {MAX_DETAILS} objects", got=text[:80])
    for one in found:
        if not isinstance(one.get("type"), str) or not one["type"]:
            raise _refused("A detail has no type.", expected='{"type": "…"}', got=", ".join(one)[:80])
        _check_size(one)
    if len({_canonical(one) for one in found}) < len(found):
        raise _refused("The same detail stands there twice.", expected="each once", got=_short(found))
    return found


def _check_size(detail: dict[str, Any]) -> None:
    """A person reads all of it, so there is an end to it; and nothing in it is no text."""
    left: list[tuple[Any, int, str]] = [(detail, 1, "")]
    values = 0
    while left:
        value, depth, where = left.pop()
        if isinstance(value, (dict, list)):
            if depth > MAX_DEPTH:
                raise _refused("A detail is nested too deeply.", expected=f"{MAX_DEPTH} levels", got="more")
            parts = value.items() if isinstance(value, dict) else enumerate(value, 1)
            left += [(one, depth + 1, f"{where}.{name}" if where else str(name)) for name, one in parts]
        _check_shown(value, where)
        texts = list(value) if isinstance(value, dict) else [value] if isinstance(value, str) else []
        if any(unicodedata.category(char) in ("Cc", "Cs") for one in texts for char in one):
            raise _refused("A detail has a control character.", expected="plain text", got="something else")
        values += 1
    if values > MAX_VALUES:
        raise _refused("A detail has too many values to be read.", expected=f"{MAX_VALUES}", got=f"{values}")


def _check_shown(value: Any, where: str) -> None:
    """Nobody agrees to what is cut on the page."""
    if len(where) > sentences.MAX_VALUE:
        raise _refused("A detail has names that are too long.", expected=f"{sentences.MAX_VALUE} characters from the "
                       "top to a value", got=f"{len(where)}")  # fmt: skip
    if not isinstance(value, (dict, list)) and len(str(value)) > sentences.MAX_WHOLE:
        raise _refused("A value of a detail is too long to be read.", expected=f"{sentences.MAX_WHOLE} characters",
                       got=f"{len(str(value))}")  # fmt: skip


def _check(services: Services, client: Client, detail: dict[str, Any]) -> None:
    kind = services.registry.details_types().get(detail["type"])
    if kind is None or not _may(kind, client):
        raise OAuthError(
            "invalid_authorization_details",  # §5: an unknown type
            f"This application may not ask for details of the type {_ascii(detail['type'])}.", field=PARAMETER,
            expected=" or ".join(sorted(client.oidc.authorization_details_types)) or "(no type is registered for it)",
            got=detail["type"][:100], kind="authorization_details_type",
            fix="Register the type, and let the application ask for it: doorward details-type set …; doorward client "
            f"set {client.id} authorization_details_types+=TYPE",
        )  # fmt: skip
    for name in COMMON:
        value = detail.get(name, [""])
        if not isinstance(value, list) or not value or not all(isinstance(one, str) for one in value):
            raise _refused(f"{name} must be a list of texts.", expected=f'"{name}": ["…"]', got=repr(value)[:80])
    wrong = kind.problem(detail)
    if wrong:
        raise _not_as_its_schema(kind.name, wrong)
    allowed = [uri for uri in client.oidc.resources if not kind.resources or uri in kind.resources]
    beyond = [uri for uri in detail.get("locations", ()) if uri not in allowed]
    if beyond or (kind.resources and not allowed):
        raise _refused(
            "A detail is for a location that this application may not use.", expected=", ".join(sorted(allowed)),
            got=(beyond or kind.resources)[0][:100],
            fix=f"Correct it, or register it: doorward client set {client.id} resources+=…",
        )  # fmt: skip


def _not_as_its_schema(name: str, wrong: str) -> OAuthError:
    return _refused(
        f"A detail of the type {_ascii(name)} is not as its schema says.", detail=wrong, got=wrong,
        expected="what the schema of the type says", fix=f"doorward details-type show {name}",
    )  # fmt: skip


def _refused(description: str, *, expected: str, got: str, fix: str = "", detail: str = "") -> OAuthError:
    return OAuthError(
        "invalid_authorization_details", description, field=PARAMETER, expected=expected or "(nothing)", got=got,
        fix=fix or "Let the application send a JSON array of details as their types say (RFC 9396 §2).",
        detail=detail, kind="authorization_details",
    )  # fmt: skip


def _canonical(detail: Any) -> str:
    return json.dumps(detail, sort_keys=True, separators=(",", ":"))


def _short(details: Sequence[Detail]) -> str:
    return json.dumps(list(details))[:300] if details else "(nothing)"


def _ascii(text: str) -> str:
    return ascii(text[:100])[1:-1].replace('"', "'").replace("\\", "/")


def _no_number(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def _finite(text: str) -> float:
    value = float(text)
    if value in (float("inf"), float("-inf")):
        raise ValueError("a number out of range")
    return value


def _each_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a name stands twice in one object")
    return found
