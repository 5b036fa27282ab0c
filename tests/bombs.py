# SPDX-License-Identifier: Apache-2.0
"""Little that becomes much when it is unpacked."""

from __future__ import annotations

import zlib

_BLOCK = 1 << 20


def deflated(head: bytes, zeros: int) -> bytes:
    """Return a raw deflate stream of some bytes and of whole MiB of zeros, a thousandth as long."""
    return _pieces(head, zeros) + zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS).flush()


def gzipped(zeros: int) -> bytes:
    """Return a gzip of whole MiB of zeros; its check sum, behind all of them, is none."""
    return b"\x1f\x8b\x08" + bytes(6) + b"\xff" + deflated(b"", zeros) + bytes(8)


def _pieces(head: bytes, zeros: int) -> bytes:
    return _flushed(head) + _flushed(bytes(_BLOCK)) * (zeros // _BLOCK)


def _flushed(data: bytes) -> bytes:
    """Deflate, so that anything may follow."""
    deflater = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    return deflater.compress(data) + deflater.flush(zlib.Z_FULL_FLUSH)
