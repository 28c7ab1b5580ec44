"""A form with a file in it (RFC 7578), taken apart.

A few parts of at most some megabytes, read whole: what the page may be sent is bounded before this is called.
"""

from __future__ import annotations

from dataclasses import dataclass
from email.message import Message
from email.parser import BytesHeaderParser

from .parameters import MAX_FIELDS, BadRequest

_MAX_HEAD = 8 * 1024  # bytes of the headers of one part


@dataclass(frozen=True, slots=True)
class Part:
    """One field. `filename`: None where it is no file, '' where none was chosen."""

    name: str
    content: bytes
    filename: str | None = None

    @property
    def text(self) -> str:
        """What a field that is no file says. Errors: `BadRequest`."""
        try:
            return self.content.decode("utf-8")
        except UnicodeDecodeError as error:
            raise BadRequest("a field of the form is not UTF-8") from error


def parts_of(content_type: str, body: bytes) -> tuple[Part, ...]:
    """The parts of a `multipart/form-data` body. Errors: `BadRequest`."""
    about = Message()
    about["Content-Type"] = content_type
    boundary = about.get_boundary("")
    # RFC 2046 §5.1.1: 1 to 70 characters.
    if not isinstance(boundary, str) or not 0 < len(boundary) <= 70 or not boundary.isascii():
        raise BadRequest("the form has no boundary between its parts")
    mark = b"\r\n--" + boundary.encode("ascii")
    pieces = (b"\r\n" + body).split(mark)
    if len(pieces) < 2 or len(pieces) - 2 > MAX_FIELDS or not pieces[-1].startswith(b"--"):
        raise BadRequest("the parts of the form cannot be told apart, or there are too many")
    return tuple(map(_part, pieces[1:-1]))


def _part(piece: bytes) -> Part:
    head, found, content = piece.lstrip(b" \t").partition(b"\r\n\r\n")
    if not found or len(head) > _MAX_HEAD:
        raise BadRequest("a part of the form has no header")
    said = BytesHeaderParser().parsebytes(head.removeprefix(b"\r\n") + b"\r\n\r\n")
    name = said.get_param("name", header="content-disposition")
    filename = said.get_param("filename", header="content-disposition")
    if not isinstance(name, str) or said.get("Content-Transfer-Encoding") is not None:  # RFC 7578 §4.7: deprecated
        raise BadRequest("a part of the form has no name")
    return Part(name, content, filename if isinstance(filename, str) else None)
