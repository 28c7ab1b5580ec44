"""GET /errors and /errors/<code>: what a kind of error, or a symptom, means. The same for everybody."""

from __future__ import annotations

import re
from typing import Any, Final

from idp import catalogue
from idp.catalogue.entry import Entry
from idp.catalogue.reading import PATH
from idp.services import Services
from idp.wire import Page, Request, Response, Route

_KEPT: Final = (("Cache-Control", "public, max-age=3600"),)
_CODE: Final = re.compile(r"`([^`]+)`")


def index(services: Services, request: Request) -> Response:
    """GET /errors."""
    return _list(200)


def show(services: Services, request: Request) -> Response:
    """GET /errors/<code>."""
    entry = catalogue.find(request.segment)
    symptom = catalogue.symptoms().get(request.segment)
    if entry is None and symptom is None:
        return _list(404)
    values: dict[str, Any] = {"symptom": None}
    if symptom is not None:
        values["symptom"] = {"code": symptom.code, "title": symptom.title, "means": _pieces(symptom.means)}
    if entry is None:
        return Page(template="errors/symptom.html", public=True, headers=_KEPT, values=values)
    return Page(template="errors/entry.html", public=True, headers=_KEPT, values={**values, "entry": _shown(entry)})


def _list(status: int) -> Page:
    entries = [
        entry for code in catalogue.codes() if (entry := catalogue.find(code)) is not None and entry.code == code
    ]
    traffic = [one for code, one in catalogue.symptoms().items() if catalogue.find(code) is None]
    return Page(
        status=status, template="errors/index.html", public=True, headers=_KEPT,
        values={
            "groups": {**_grouped(entries), "What an application’s traffic looks like": traffic},
            "is_unknown": status == 404,
        },
    )  # fmt: skip


def _grouped(entries: list[Entry]) -> dict[str, list[Entry]]:
    """By what it is an error of, the best known first."""
    groups: dict[str, list[Entry]] = {
        "OpenID Connect and OAuth 2.0": [],
        "SAML": [],
        "The API": [],
        "Our own pages": [],
    }
    oauth, saml, api, pages = groups.values()
    for entry in entries:
        if entry.code.startswith("api_"):
            api.append(entry)
        elif entry.standard.startswith("SAML") or entry.code.startswith("saml_"):
            saml.append(entry)
        else:
            (pages if entry.read_by in (("person", "admin"), ("admin",)) and not entry.standard else oauth).append(
                entry
            )
    return groups


def _shown(entry: Entry) -> dict[str, Any]:
    """An entry with its texts in pieces, those in backticks apart."""
    return {
        "code": entry.code, "title": entry.title, "whose": entry.whose, "field": entry.field,
        "standard": entry.standard, "command": entry.command, "means": _pieces(entry.means), "fix": _pieces(entry.fix),
        "click": _pieces(entry.click),
        "causes": [(_pieces(one.what), _pieces(one.tell)) for one in entry.causes],
    }  # fmt: skip


def _pieces(text: str) -> list[tuple[bool, str]]:
    """Whether it is code, and the piece."""
    return [(place % 2 == 1, piece) for place, piece in enumerate(_CODE.split(text)) if piece]


ROUTES = (Route(PATH, ("GET",), index), Route(f"{PATH}/<code>", ("GET",), show))
