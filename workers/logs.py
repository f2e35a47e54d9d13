"""One line of JSON for each thing that happened: a fixed event name, data in fields, ids and no secrets."""

import logging
import re
import sys
from collections.abc import Mapping, MutableMapping
from typing import Any, Final

import structlog

_SECRETS: Final = re.compile(
    r"xox[a-z]-[\w-]+|xapp-[\w-]+|(?:AKIA|ASIA)[A-Z0-9]{12,}|"
    r"-----BEGIN[^-]*-----[\s\S]*?(?:-----END[^-]*-----|\Z)|"
    r"(?i:bearer\s+[\w.~+/-]+=*)|://[^/\s:@]*:[^/\s@]+@"
)


def redact(_logger: object, _method: str, fields: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """The fields with everything that looks like a secret taken out."""
    for name, value in fields.items():
        if not name.startswith("_"):  # what structlog hands from one step to the next
            fields[name] = _redacted(value)
    return fields


def _redacted(value: object) -> object:
    """The value as JSON can hold it, however deep its secrets lie."""
    match value:
        case None | bool() | int() | float():
            return value
        case str():
            return _SECRETS.sub("[secret]", value)
        case Mapping():
            return {_SECRETS.sub("[secret]", str(key)): _redacted(item) for key, item in value.items()}
        case list() | tuple():
            return [_redacted(item) for item in value]
        case _:
            return _SECRETS.sub("[secret]", repr(value))


def start_logging(process: str, level: str) -> None:
    """Send our own log and the libraries' warnings to standard error as JSON lines."""
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        redact,
    ]
    structlog.configure(
        processors=[*shared, structlog.processors.JSONRenderer()],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelName(level)),
        logger_factory=structlog.WriteLoggerFactory(file=sys.stderr),
    )
    structlog.contextvars.bind_contextvars(process=process)
    handler = logging.StreamHandler(sys.stderr)
    renderer = structlog.processors.JSONRenderer()
    handler.setFormatter(structlog.stdlib.ProcessorFormatter(foreign_pre_chain=shared, processor=renderer))
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)
    logging.captureWarnings(capture=True)
