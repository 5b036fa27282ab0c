# SPDX-License-Identifier: Apache-2.0
"""The log of the program, on standard error; the same in all its processes."""

from __future__ import annotations

import logging


def configure_logs(*, debug: bool) -> None:
    """Write what is logged to standard error."""
    logging.basicConfig(
        level=logging.DEBUG if debug else logging.INFO,
        format="%(asctime)s %(levelname)s %(name)s %(message)s",
    )
    # A line for each frame costs a third of serving it; no line shows these.
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False
    if not debug:
        # What is odd in a stored file is no news; values of patients have no place in a log.
        # (Not by level: pydicom sets that of its logger when it is imported.)
        logging.captureWarnings(capture=True)
        for name in ("pydicom", "py.warnings"):
            logging.getLogger(name).disabled = True
