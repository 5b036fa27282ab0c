# SPDX-License-Identifier: Apache-2.0
"""The child's side: answer requests until the parent is gone, within limits that the kernel keeps.

The limits are the kernel's, since nothing within a process is sure to run while a native library
hangs: timers whose signals end the process, armed while a request is answered, and a limit on
memory, at which libraries abort. A child whose parent was killed ends at the next read or write.
"""

from __future__ import annotations

import contextlib
import os
import resource
import signal
import sys
from typing import TYPE_CHECKING

from dicomizer.sources.worker.messages import Message, read_message, write_message

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import BinaryIO

_CPU_SECONDS = 8.0
"""An endless loop is ended well within 10 seconds."""
_WALL_SECONDS = 60.0
"""For one request: a slow network may take its time."""
_MEMORY_BYTES = 400 << 20


def serve(
    answer: Callable[[Message], Message],
    *,
    cpu_seconds: float = _CPU_SECONDS,
    memory_bytes: int = _MEMORY_BYTES,
) -> None:
    """Answer requests from standard input on standard output until the input ends.

    An exception becomes a reply ``{"error": text}``.

    Parameters
    ----------
    cpu_seconds
        For one request, over all threads.
    memory_bytes
        Of data, reserved or in use.
    """
    requests, replies = _take_over_streams()
    _limit_process(memory_bytes)
    with contextlib.suppress(EOFError, BrokenPipeError):
        while True:
            request = read_message(requests)
            with _limited_time(cpu_seconds):
                reply = _answered(answer, request)
            write_message(replies, reply)
    # Libraries may crash in their clean-up, when all is said and done.
    os._exit(0)


def _answered(answer: Callable[[Message], Message], request: Message) -> Message:
    try:
        return answer(request)
    except Exception as error:  # noqa: BLE001 - the process edge: the parent raises it
        return Message({"error": str(error) or type(error).__name__})


def _take_over_streams() -> tuple[BinaryIO, BinaryIO]:
    """Return both streams, and let what libraries print go to standard error."""
    replies = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    return sys.stdin.buffer, replies


def _limit_process(memory_bytes: int) -> None:
    # An interrupt from the keyboard goes to all processes; the parent decides what follows.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    _, most = resource.getrlimit(resource.RLIMIT_DATA)
    soft = memory_bytes if most == resource.RLIM_INFINITY else min(memory_bytes, most)
    resource.setrlimit(resource.RLIMIT_DATA, (soft, most))


@contextlib.contextmanager
def _limited_time(cpu_seconds: float) -> Iterator[None]:
    signal.setitimer(signal.ITIMER_PROF, cpu_seconds)
    signal.setitimer(signal.ITIMER_REAL, _WALL_SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.setitimer(signal.ITIMER_REAL, 0)
