"""The OpenAPI document, made of the rows and the classes that check what comes and what goes."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from typing import Any, Final

from pydantic.json_schema import models_json_schema

from idp.api import PREFIX, editions, repeating
from idp.api.models import Model, ProblemDetails
from idp.api.operations import Operation
from idp.api.problems import CONTENT_TYPE, KINDS
from idp.oidc.scopes import ADMIN
from idp.protocols import Services
from idp.wire import Raw, dumps

_REF: Final = "#/components/schemas/{model}"
_ABOUT: Final = """\
What admins do, for programs. Every call carries an access token, `Authorization: Bearer …`: a personal token (`dwp_…`),
or one that a program with a role got for itself with the scope `doorward:admin`. What the caller may is looked at anew
with every call. Errors are problems (RFC 9457) that name everything that is wrong. Changes carry the `ETag` that they
are meant for as `If-Match`; what makes something takes an `Idempotency-Key`. Lists are paged: `next` is the next
`cursor`.
"""


class _Made:
    """The document as bytes, made once."""

    def __init__(self) -> None:
        self.body = b""


def answered(services: Services) -> Raw:
    """The document as an answer: the same for everybody."""
    made = services.part(_Made)
    if not made.body:
        made.body = dumps(document(services))
    tag = hashlib.sha256(made.body).hexdigest()[:32]
    headers = (("Cache-Control", "public, max-age=300"), ("ETag", f'"{tag}"'))
    return Raw(body=made.body, content_type="application/json", headers=headers)


def document(services: Services) -> dict[str, Any]:
    """The whole document (OpenAPI 3.1)."""
    from importlib.metadata import version

    from idp.api.resources import OPERATIONS

    names, schemas = _schemas(OPERATIONS)
    paths: dict[str, dict[str, Any]] = {}
    for one in OPERATIONS:
        path = one.path.replace("<", "{").replace(">", "}")
        paths.setdefault(path, {})[one.method.lower()] = _operation(one, names)
        if one.made:
            paths[path][one.method.lower()]["responses"][str(one.status)]["links"] = _links(one, OPERATIONS)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Doorward", "version": version("doorward"), "description": _ABOUT},
        "servers": [{"url": services.url(PREFIX)}],
        "tags": [{"name": tag} for tag in dict.fromkeys(one.tag for one in OPERATIONS)],
        "security": [{"token": []}, {"program": [ADMIN]}],
        "paths": paths,
        "components": {
            "schemas": schemas,
            "securitySchemes": {
                "token": {"type": "http", "scheme": "bearer", "description": "A personal token, or a program's own."},
                "program": {
                    "type": "oauth2",
                    "flows": {"clientCredentials": {"tokenUrl": services.url("/oauth/token"),
                                                    "scopes": {ADMIN: "What the program's roles allow"}}},
                },
            },
        },
    }  # fmt: skip


Names = dict[tuple[type[Model], str], str]


def _schemas(rows: tuple[Operation, ...]) -> tuple[Names, dict[str, Any]]:
    wanted: list[tuple[type[Model], Any]] = [(ProblemDetails, "serialization")]
    wanted += [(one.takes, "validation") for one in rows if one.takes is not None]
    wanted += [(one.gives, "serialization") for one in rows if one.gives is not None]
    found, schemas = models_json_schema(list(dict.fromkeys(wanted)), ref_template=_REF)
    made: dict[str, Any] = schemas["$defs"]
    told = _told(made)
    names = {(model, mode): told[schema["$ref"].rpartition("/")[2]] for (model, mode), schema in found.items()}
    renamed = {told[name]: {**_pointing(schema, told), "title": told[name]} for name, schema in made.items()}
    return names, dict(sorted(renamed.items()))  # type: ignore[return-value]


#: Whose a schema is, by the part of the API: put before a name that several of them have.
_PARTS: Final = {
    "about": "Caller", "activity": "Audit", "applications": "Application", "batches": "Batch", "cases": "Case",
    "groups": "Group", "messages": "Message", "overview": "Attention", "people": "Person", "rules": "Rule",
    "settings": "Setting", "signing_keys": "Key", "streams": "Stream",
}  # fmt: skip


def _told(made: Iterable[str]) -> dict[str, str]:
    """What each schema is called: a word that is a class in any language, and that no other has.

    Generators make a class of each, so neither our modules nor `-Input` belong there.
    """
    found: dict[str, str] = {}
    for name in made:
        plain, _, mode = name.partition("-")
        *modules, last = plain.split("__")
        part = next((_PARTS[one] for one in modules if one in _PARTS), "")
        last = last if last.startswith(part) else f"{part}{last}"
        found[name] = f"{last}Sent" if mode == "Input" else last
    if len(set(found.values())) < len(found):
        raise ValueError(f"two schemas would have one name: {sorted(found.values())}")
    return found


def _pointing(said: Any, told: Mapping[str, str]) -> Any:
    """The same with its references by the names that are told."""
    if isinstance(said, Mapping):
        ref = said.get("$ref")
        if isinstance(ref, str):
            return {**said, "$ref": _REF.format(model=told[ref.rpartition("/")[2]])}
        return {key: _pointing(value, told) for key, value in said.items()}
    return [_pointing(one, told) for one in said] if isinstance(said, list) else said


def _operation(one: Operation, names: Names) -> dict[str, Any]:
    said: dict[str, Any] = {
        "operationId": one.id, "tags": [one.tag], "summary": one.summary, "parameters": _parameters(one),
        "responses": _responses(one, names),
    }  # fmt: skip
    if one.permission is not None:
        said["x-permission"] = one.permission.value
        said["description"] = f"Needs the permission `{one.permission.value}`."
    if one.public:
        said["security"] = []
    if one.takes is not None:
        schema = {"$ref": _REF.format(model=names[one.takes, "validation"])}
        # One of those that are taken: of two, generators make a body that may be left out.
        kind = "application/merge-patch+json" if one.merges else "application/json"
        content = {"schema": schema, **({"examples": _examples(one)} if one.examples else {})}
        said["requestBody"] = {"required": True, "content": {kind: content}}
    return said


def _examples(one: Operation) -> dict[str, Any]:
    return {name: {"value": value} for name, value in one.examples.items()}


def _parameters(one: Operation) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string", "minLength": 1, "maxLength": 300}}
        for name in one.names
    ]
    if one.query is not None:
        schema = one.query.model_json_schema(ref_template=_REF)
        for name, field in schema["properties"].items():
            about = field.pop("description", "")
            found.append({"name": name, "in": "query", "required": name in schema.get("required", ()),
                          "description": about, "schema": _present(field)})  # fmt: skip
    if one.guarded:
        found.append({
            "name": "If-Match", "in": "header", "required": True, "example": "*",
            "schema": {"type": "string", "pattern": editions.PATTERN},
            "description": "The `ETag` of what is changed, as it was read; `*` changes whatever stands.",
        })  # fmt: skip
    if one.creates:
        found.append({
            "name": "Idempotency-Key", "in": "header", "required": False,
            "schema": {"type": "string", "pattern": repeating.PATTERN},
            "description": "Sent again with the same body within a day, it is answered as the first time.",
        })  # fmt: skip
    return found


def _links(one: Operation, rows: tuple[Operation, ...]) -> dict[str, Any]:
    """What can be done with what was made: every row whose path has the `id` alone, of what the row makes."""
    collection = "/applications" if one.made == "#/application/id" else one.path
    return {
        row.id: {"operationId": row.id, "parameters": {"id": f"$response.body{one.made}"}}
        for row in rows if row.names == ("id",) and row.path.startswith(f"{collection}/<id>")
    }  # fmt: skip


def _present(field: dict[str, Any]) -> dict[str, Any]:
    """What a parameter is where it is there: nobody sends null in a query."""
    kinds = [kind for kind in field.get("anyOf", ()) if kind != {"type": "null"}]
    field = {key: value for key, value in field.items() if key not in ("anyOf", "title") and value is not None}
    return {**field, **kinds[0]} if len(kinds) == 1 else field


def _responses(one: Operation, names: Names) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if one.public:
        found["200"] = {"description": "The document", "content": {"application/json": {"schema": {"type": "object"}}}}
    elif one.gives is None:
        found["204"] = {"description": "Done"}
    else:
        schema = {"$ref": _REF.format(model=names[one.gives, "serialization"])}
        found[str(one.status)] = {"description": one.summary, "content": {"application/json": {"schema": schema}}}
    problem = {CONTENT_TYPE: {"schema": {"$ref": _REF.format(model=names[ProblemDetails, "serialization"])}}}
    for status in one.statuses:
        title = "; or: ".join(dict.fromkeys(title for code, title in KINDS.values() if code == status))
        found[str(status)] = {"description": title, "content": problem}
    return found
