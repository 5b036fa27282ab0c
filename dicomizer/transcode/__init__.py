# SPDX-License-Identifier: Apache-2.0
"""Recompresses the pixels of a DICOM file without loss: the same instance in other bytes.

A Part 10 file is opened (`opened`), `choice` says how its frames can be coded anew or why they
stay as they are, `header` makes all but the pixels, and `run` writes the new file frame by frame,
reads it back and compares every frame, and all else, with the old one.

References
----------
PS3.3 C.7.6.1.1.5 (only what is compressed with loss is another instance, with a UID of its own),
PS3.5 A.4 (encapsulation)
"""

from dicomizer.transcode.choice import Target, UnfitError
from dicomizer.transcode.run import Transcoded, transcode

__all__ = ["Target", "Transcoded", "UnfitError", "transcode"]
