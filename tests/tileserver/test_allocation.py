# SPDX-License-Identifier: Apache-2.0
"""Many threads of a process share few arenas of the C library."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

PROGRAM = """
import ctypes, sys, threading
from tileserver.allocation import bound_arenas

bound_arenas()
together = threading.Barrier(16)
libc = ctypes.CDLL(None)
libc.malloc.restype = ctypes.c_void_p

def take():
    together.wait()
    libc.malloc(5000)
    together.wait()

threads = [threading.Thread(target=take) for _ in range(16)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
libc.fopen.restype = ctypes.c_void_p
libc.malloc_info.argtypes = (ctypes.c_int, ctypes.c_void_p)
libc.fclose.argtypes = (ctypes.c_void_p,)
out = libc.fopen(b"/dev/stdout", b"w")
libc.malloc_info(0, out)
libc.fclose(out)
"""


@pytest.mark.parametrize(("told", "most"), [(None, 2), ("5", 5)])
def test_threads_share_few_arenas_unless_the_environment_tells_otherwise(told, most):
    environment = {name: value for name, value in os.environ.items() if "MALLOC" not in name}
    environment |= {"MALLOC_ARENA_MAX": told} if told else {}
    if not _is_glibc():
        pytest.skip("the C library is another than glibc")

    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], env=environment, capture_output=True, text=True, check=True
    )

    assert done.stdout.count("<heap nr=") == most


def _is_glibc() -> bool:
    try:
        return (os.confstr("CS_GNU_LIBC_VERSION") or "").startswith("glibc")
    except (ValueError, OSError):
        return False
