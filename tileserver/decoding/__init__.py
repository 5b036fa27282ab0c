# SPDX-License-Identifier: Apache-2.0
"""Decoding of stored frames, which anybody may have made, away from the server.

Native codecs read bytes that came from outside; one that is led astray by them takes its process
along, or does what they say. So frames are decoded in processes of their own that hold nothing but
a frame, get no settings of the server, have bounds of memory and time, may write no file, and are
replaced when they end. Frames that need no such codec are decoded here: bare samples, and JPEG
baseline of the size told, in one scan (`is_simple`), by libjpeg-turbo, as every browser does it:
the process is checked from the frame's header first, so that decoding takes the memory of the
frame and the time of its bytes, and libjpeg-turbo has been fuzzed for it for many years.

Pictures that a store request brings in place of frames go the same way.

    Decoders ─ stream, description ─► worker process ─ samples, or why not in words ─► Decoders
"""

from tileserver.decoding.decoders import Decode, Decoders
from tileserver.decoding.pictures import GIF, LARGEST_PICTURE, PNG

__all__ = ["GIF", "LARGEST_PICTURE", "PNG", "Decode", "Decoders"]
