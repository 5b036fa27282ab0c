# SPDX-License-Identifier: Apache-2.0
"""The process of one job.

    python -m tileserver.job_process

It is started by the server, says what it is at over its pipe, and ends when that does.
"""

from __future__ import annotations

import contextlib
import signal
from typing import TYPE_CHECKING

from tileserver.jobs.worker import work
from tileserver.opening import open_services

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tileserver.services import Services
    from tileserver.settings import Settings


@contextlib.contextmanager
def _opened(settings: Settings) -> Iterator[Services]:
    services, index = open_services(settings)
    try:
        yield services
    finally:
        services.close()
        index.close()


def main() -> None:
    """Carry out a job."""
    # The server decides about the end.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    work(_opened)


if __name__ == "__main__":
    main()
