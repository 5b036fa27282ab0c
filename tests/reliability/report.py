# SPDX-License-Identifier: Apache-2.0
"""One line for each figure, which CONFORMANCE.md has from the last full run."""

from __future__ import annotations

import datetime as dt
import os
import platform
import sys

from reliability.ledger import Found


def tell(capsys, found: Found, done: str) -> None:
    """Print what was done, and what came of it, with date and machine."""
    wrong = f"{len(found.lost)} lost, {len(found.half)} half visible, {len(found.back)} came back"
    note(capsys, f"{done}: {wrong}, {len(found.litter)} left over")


def note(capsys, done: str) -> None:
    """Print what was done, with date and machine."""
    if "COVERSLIP_TELL" not in os.environ:
        return  # the short forms are no figures
    machine = f"{platform.machine()}, {os.cpu_count()} cores, Linux {platform.release()}"
    with capsys.disabled():
        sys.stdout.write(f"\n[{dt.date.today()}; {machine}] {done}\n")
