# SPDX-License-Identifier: Apache-2.0
"""The process that decodes: frames come in over the connection at descriptor 0, one at a time.

    python -m tileserver.decoding.worker

It ends when its connection does.
"""

from __future__ import annotations

import signal
import socket
from typing import TYPE_CHECKING

import imagecodecs
import simplejpeg  # noqa: F401 - loaded before the bounds of memory are set
from PIL import GifImagePlugin  # noqa: F401 - the same

from dicomizer.pixels.codecs import decode  # noqa: F401 - the same
from dicomizer.pixels.codecs.errors import CodecError
from dicomizer.pixels.stored_frames import decode_stored
from tileserver.decoding.limits import Limits
from tileserver.decoding.messages import receive_frame, send_problem, send_samples
from tileserver.decoding.pictures import Picture, decode_picture

if TYPE_CHECKING:
    from dicomizer.pixels.stored_frames import PixelDescription, Samples

_CODECS = (
    "jpeg2k_decode", "jpeg8_decode", "jpegls_decode", "jpegxl_decode", "jpegxl_decode_jpeg",
    "packbits_decode", "png_decode",
)  # fmt: skip
"""Of imagecodecs, which loads each when it is first named."""


def main() -> None:
    """Decode until the connection ends."""
    # Who asks decides about the end: with a signal to all of a terminal or a service, it first
    # finishes what it is at.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    for name in _CODECS:
        getattr(imagecodecs, name, None)
    limits = Limits()
    with socket.socket(fileno=0) as connection:
        while (frame := receive_frame(connection)) is not None:
            stream, description = frame
            limits.allow(description, len(stream))
            _answer(connection, stream, description)


def _answer(
    connection: socket.socket, stream: bytearray, description: PixelDescription | Picture
) -> None:
    try:
        pixels = _decoded(bytes(stream), description)
    except CodecError as error:
        send_problem(connection, str(error))
    except MemoryError:
        send_problem(connection, "it takes far more memory than a frame of its size")
    except Exception as error:  # noqa: BLE001 - the edge of the process; who asked logs it
        send_problem(connection, f"the decoder failed by {type(error).__name__}")
    else:
        send_samples(connection, pixels)


def _decoded(stream: bytes, description: PixelDescription | Picture) -> Samples:
    if isinstance(description, Picture):
        return decode_picture(stream, description)
    return decode_stored(stream, description)


if __name__ == "__main__":
    main()
