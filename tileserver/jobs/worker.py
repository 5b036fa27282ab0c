# SPDX-License-Identifier: Apache-2.0
"""A job carried out, in a process of its own with bounds of memory and of time."""

from __future__ import annotations

import contextlib
import os
import resource
import sys
import traceback
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tileserver.configuration import load
from tileserver.errors import BusyError, JobError, StorageError, TileserverError
from tileserver.jobs.kind import kind_of
from tileserver.jobs.messages import Line
from tileserver.jobs.task import Task

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from tileserver.services import Services
    from tileserver.settings import Settings

    Open = Callable[[Settings], AbstractContextManager[Services]]


def work(opened: Open) -> None:
    """Carry out the job that comes on standard input.

    Parameters
    ----------
    opened
        Gives the services of a data folder.
    """
    line = Line(os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb"))
    # What any library prints must not come between the messages.
    null = os.open(os.devnull, os.O_RDWR)
    os.dup2(null, 0)
    os.dup2(null, 1)
    told = line.begin()
    line.send(_outcome(told, line, opened))


def _outcome(told: dict[str, Any], line: Line, opened: Open) -> dict[str, Any]:
    try:
        settings = load(told["settings"], {}).settings
        # Programs that it starts work in the job's folder, where a path from here leads nowhere.
        settings = replace(settings, data=settings.data.absolute())
        _bound(settings)
        kind = kind_of(told["kind"])
        with opened(settings) as services:
            task = Task(
                id=told["id"],
                parameters=told["parameters"],
                attempt=told["attempt"],
                needed={int(number): result for number, result in told["needed"].items()},
                secret=told["secret"],
                settings=settings,
                services=services,
                line=line,
                lock=told["lock"],
            )
            return {"result": dict(kind.run(task))}
    except JobError as error:
        return _failure(str(error), may_pass=error.may_pass)
    except (StorageError, BusyError) as error:
        return _failure(str(error), may_pass=True)
    except TileserverError as error:
        return _failure(str(error), may_pass=False)
    except MemoryError:
        return _failure("it takes more memory than a job may have", may_pass=False)
    except Exception as error:  # noqa: BLE001 - the edge of the process; the text may name a patient
        places = traceback.extract_tb(error.__traceback__)[-3:]
        where = " < ".join(f"{Path(f.filename).name}:{f.lineno}" for f in reversed(places))
        return _failure(f"unexpected {type(error).__name__} at {where}", may_pass=False)


def _failure(problem: str, *, may_pass: bool) -> dict[str, Any]:
    return {"error": problem, "may_pass": may_pass}


def _bound(settings: Settings) -> None:
    """Bound this process, and each that it starts: the kernel keeps to it.

    Address space is no measure, as codecs and allocators reserve what they never use; what is
    written to is (RLIMIT_DATA counts private memory since Linux 4.7).
    """
    bounds = {
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_DATA: settings.job_memory_bytes,
        resource.RLIMIT_CPU: settings.job_seconds * (os.cpu_count() or 1),
    }
    if sys.platform == "linux":
        for kind, most in bounds.items():
            with contextlib.suppress(ValueError, OSError):
                resource.setrlimit(kind, (most, most))
