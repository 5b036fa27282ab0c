# SPDX-License-Identifier: Apache-2.0
"""Figures of several workers: each counts into files, in a folder that all read.

Files go by the number of the worker, not by its process: one that comes in place of another
counts on from where that stopped, so that sums never fall and files never become more.

References
----------
https://prometheus.github.io/client_python/multiprocess/
"""

from __future__ import annotations

import contextlib
import os
import tempfile
from typing import TYPE_CHECKING

from prometheus_client import values

if TYPE_CHECKING:
    from collections.abc import Iterator

FIGURES_FOLDER = "PROMETHEUS_MULTIPROC_DIR"
"""Environment variable that the library looks at in each process."""


@contextlib.contextmanager
def shared_figures() -> Iterator[None]:
    """Give processes that are started meanwhile a folder for their figures, and remove it."""
    before = os.environ.get(FIGURES_FOLDER)
    with tempfile.TemporaryDirectory(
        prefix="coverslip-figures-", ignore_cleanup_errors=True
    ) as folder:
        os.environ[FIGURES_FOLDER] = folder
        try:
            yield
        finally:
            del os.environ[FIGURES_FOLDER]
            if before is not None:
                os.environ[FIGURES_FOLDER] = before


def count_as(number: int) -> None:
    """Count what is counted from now on as that of a worker; before the first figure is made."""
    values.ValueClass = values.MultiProcessValue(lambda: number)  # type: ignore[no-untyped-call]
