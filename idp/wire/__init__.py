"""What comes in and what goes out, as plain values: no framework here.

Every endpoint is `handler(services, request) -> Response`. `web` turns a WSGI environment into a `Request`, and a
`Redirect`, `AutoPost`, `Json`, `Raw`, `Stream` or `Page` back into HTTP; so whether Flask or a thin function serves a
path is one decision, there.
"""

from .addresses import UNREADABLE
from .parameters import MAX_FIELDS, BadRequest, Params, TooLarge, with_parameters
from .parts import Part
from .request import MAX_BODY, MAX_UPLOAD, NAMES_APART, Request, Visitor, lazy, most_of
from .responses import AutoPost, Cookie, Json, Page, Raw, Redirect, Response, Stream, dumps
from .routes import Handler, Route

__all__ = [
    "MAX_BODY",
    "MAX_FIELDS",
    "MAX_UPLOAD",
    "NAMES_APART",
    "UNREADABLE",
    "AutoPost",
    "BadRequest",
    "Cookie",
    "Handler",
    "Json",
    "Page",
    "Params",
    "Part",
    "Raw",
    "Redirect",
    "Request",
    "Response",
    "Route",
    "Stream",
    "TooLarge",
    "Visitor",
    "dumps",
    "lazy",
    "most_of",
    "with_parameters",
]
