# SPDX-License-Identifier: Apache-2.0
"""A process that decodes, seen from the one that started it."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from typing import TYPE_CHECKING

from dicomizer.pixels.codecs.errors import CodecError
from tileserver.decoding.messages import ProtocolError, receive_samples, send_frame

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dicomizer.pixels.codecs.frame_shape import Stream
    from dicomizer.pixels.stored_frames import PixelDescription, Samples
    from tileserver.decoding.pictures import Picture

_MODULE = "tileserver.decoding.worker"
_KEPT_VARIABLES = ("LANG", "LD_LIBRARY_PATH", "PATH", "PYTHONHOME")


class EndedError(Exception):
    """The process ended, or had to be ended, while it was at a frame."""


class DecoderProcess:
    """One process, for one frame at a time."""

    def __init__(self) -> None:
        self._connection, theirs = socket.socketpair()
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-m", _MODULE],
                stdin=theirs.fileno(),
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                env=_environment(),
            )

    @property
    def pid(self) -> int:
        """Number of the process."""
        return self._process.pid

    def is_alive(self) -> bool:
        """Tell whether the process runs."""
        return self._process.poll() is None

    def decode(
        self, stream: Stream, description: PixelDescription | Picture, seconds: float
    ) -> Samples:
        """Decode a frame, or all of a picture.

        Raises
        ------
        CodecError
            The frame cannot be decoded.
        EndedError
            The process was lost over it, and is of no use any more.
        """
        try:
            self._connection.settimeout(seconds)
            send_frame(self._connection, stream, description)
            return receive_samples(self._connection, description, seconds)
        except CodecError:
            raise
        except TimeoutError as error:
            self.end()
            raise EndedError(f"it took longer than {seconds:.0f} seconds") from error
        except (OSError, ProtocolError) as error:
            status = self.end()
            raise EndedError(f"its decoder ended with status {status}") from error
        except BaseException:
            self.end()  # whatever came between, an answer may still be on its way
            raise

    def end(self) -> int:
        """End the process, whatever it is at; returns its exit status."""
        self._connection.close()
        self._process.kill()
        return self._process.wait()


def _environment() -> Mapping[str, str]:
    """Return what a decoder may know: where its modules are, and nothing of settings."""
    kept = {name: os.environ[name] for name in _KEPT_VARIABLES if name in os.environ}
    threads = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    return {**kept, **threads, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
