"""Structured logs on stderr, without secrets: one event a line, JSON or text."""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import Mapping, MutableMapping
from contextlib import suppress
from typing import Any, TextIO, cast

import structlog

from idp.config import Log
from idp.tracing import spans

#: What looks like a bearer value of ours (each kind has a letter of its own), a JWT, or credentials in a URL, wherever
#: it stands.
_SECRET = re.compile(r"dw[a-z]_[\w.-]{8,}|eyJ[\w-]{5,}\.[\w-]+\.[\w-]*|(?<=://)[^/\s:@]+:[^/\s@]+(?=@)")
_REDACTED = "[redacted]"
_NAMES = re.compile(r"password|secret|token$|^code$|cookie|authorization|master_key|assertion", re.IGNORECASE)


def configure(settings: Log) -> Any:
    """The logger that everything is given."""
    as_json = settings.format == "json" or (settings.format == "auto" and not sys.stderr.isatty())
    renderer: Any = structlog.processors.JSONRenderer() if as_json else structlog.dev.ConsoleRenderer()
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            _traced,
            redact,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(getattr(logging, settings.level.upper())),
        logger_factory=structlog.PrintLoggerFactory(cast(TextIO, _Unfailing(sys.stderr))),
        cache_logger_on_first_use=True,
    )
    log = structlog.get_logger()
    logging.basicConfig(level=logging.WARNING, handlers=[_Forward(log)])  # nothing where somebody set it up already
    return log


class _Unfailing:
    """A file that loses what it cannot take: whoever logs on a full disk, or to a reader that has gone, goes on."""

    def __init__(self, file: TextIO) -> None:
        self._file = file

    def write(self, text: str) -> int:
        with suppress(OSError, ValueError):  # closed, for one
            self._file.write(text)
        return len(text)

    def flush(self) -> None:
        with suppress(OSError, ValueError):
            self._file.flush()


def _traced(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Which trace a line is of, where somebody traces."""
    if found := spans.trace_id():
        event["trace_id"] = found
    return event


class _Forward(logging.Handler):
    """What libraries, and the job queue, say by Python's logging: a line like all others, not a raw one."""

    def __init__(self, log: Any) -> None:
        super().__init__()
        self._log = log

    def emit(self, record: logging.LogRecord) -> None:
        level = "error" if record.levelno >= logging.ERROR else "warning"
        getattr(self._log, level)("logged", logger=record.name, message=record.getMessage(), exc_info=record.exc_info)


def redact(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """The last net: values under telling names, and what looks like a token, never reach a line."""
    for name, value in event.items():
        event[name] = value if name == "event" else _redacted(name, value)
    return event


def _redacted(name: str, value: Any) -> Any:
    """The value, and what is in it, as it may stand in a line."""
    if _NAMES.search(name):
        return _REDACTED
    if isinstance(value, str):
        return _SECRET.sub(_REDACTED, value)
    if isinstance(value, Mapping):
        return {key: _redacted(str(key), one) for key, one in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [_redacted("", one) for one in value]
    return value
