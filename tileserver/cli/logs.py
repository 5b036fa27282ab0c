# SPDX-License-Identifier: Apache-2.0
"""The log of the program, on standard error; the same in all its processes."""

from __future__ import annotations

import logging
import time

from tileserver import request_log


def configure_logs(*, debug: bool) -> None:
    """Write what is logged to standard error."""
    handler = logging.StreamHandler()
    handler.setFormatter(LogFormatter())
    logging.basicConfig(level=logging.DEBUG if debug else logging.INFO, handlers=[handler])
    # A line for each frame costs a part of serving it; no line shows these.
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False
    if not debug:
        # What is odd in a stored file is no news; values of patients have no place in a log.
        # (Not by level: pydicom sets that of its logger when it is imported.)
        logging.captureWarnings(capture=True)
        for name in ("pydicom", "py.warnings"):
            logging.getLogger(name).disabled = True


class LogFormatter(logging.Formatter):
    """Writes the time as `logging` does, but works out each second once."""

    _known = (0, "")

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s %(message)s")

    def format(self, record: logging.LogRecord) -> str:
        """Return a record as a line, or each of its lines as one."""
        if not isinstance(record.msg, request_log.Lines):
            return super().format(record)
        record.asctime, record.message = self.formatTime(record), ""
        beginning = self.formatMessage(record)
        return "\n".join([beginning + line for line in record.msg])

    def formatTime(self, record: logging.LogRecord, datefmt: str | None = None) -> str:  # noqa: N802 - overrides
        """Return the time of a record to the millisecond."""
        if datefmt:
            return super().formatTime(record, datefmt)
        now, (second, written) = int(record.created), self._known
        if now != second:
            written = time.strftime(self.default_time_format, time.localtime(now))
            self._known = now, written
        return f"{written},{int(record.msecs):03d}"
