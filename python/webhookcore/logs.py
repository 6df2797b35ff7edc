"""Log lines as JSON, for whoever collects them."""

from __future__ import annotations

import json
import logging
from datetime import datetime, timezone
from typing import Any, Final

_USUAL: Final = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


class JsonFormatter(logging.Formatter):
    """Each record as one line of JSON, with the fields that webhookcore gives it.

    ``time`` (ISO 8601, UTC), ``level``, ``logger`` and ``message`` are always there;
    ``error`` has a traceback. For any handler of ``logging``, and for any logger.
    """

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, timezone.utc).isoformat(),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        extras = {name: value for name, value in vars(record).items() if name not in _USUAL}
        line = extras | line
        if record.exc_info:
            line["error"] = self.formatException(record.exc_info)
        return json.dumps(line, default=str, separators=(",", ":"), skipkeys=True)
