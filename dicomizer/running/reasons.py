# SPDX-License-Identifier: Apache-2.0
"""Why a child ended that told nothing."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

from dicomizer.errors import SourceError

if TYPE_CHECKING:
    from pathlib import Path

    from dicomizer.running.messages import Ended


class CrashError(SourceError):
    """The process that read a slide ended without a word."""


def crash_of(ended: Ended, slide: Path) -> CrashError:
    """Return the error of a child that told none."""
    if ended.code >= 0:
        last = ended.errors.strip().splitlines()[-1:] or ["it told no reason"]
        return CrashError(f"its conversion failed: {last[0]}", file=slide)
    name = signal.Signals(-ended.code).name if -ended.code in signal.valid_signals() else "unknown"
    if ended.code == -signal.SIGKILL:
        return CrashError(
            "its conversion was ended from outside (SIGKILL), as for want of memory",
            file=slide,
            remedy="try again with fewer --jobs",
        )
    return CrashError(
        f"its conversion crashed ({name})",
        file=slide,
        remedy="the slide is damaged, or a library has a fault; dicomizer info tells more",
    )
