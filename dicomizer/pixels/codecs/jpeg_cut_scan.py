# SPDX-License-Identifier: Apache-2.0
"""Where each block of entropy-coded intervals begins, and its DC coefficient.

All intervals are stepped through at once: each step of a loop looks at 16 bits of every interval,
with numpy. On one core, 2000 intervals make 150 to 230 Mpixel/s. A few intervals are faster
stepped through one by one, at 25 to 40.

References
----------
ITU-T T.81 F.2.2 (decoding), B.1.1.5 (0xFF in entropy-coded data)
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dicomizer.pixels.codecs.jpeg import JpegError
from dicomizer.pixels.codecs.jpeg_cut_tables import (
    BITS,
    BITS_WIDTH,
    BLOCK_END,
    END_OF_BLOCK,
    END_OF_BLOCK_BIT,
    PEEK,
    ScanTables,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    Integers = NDArray[np.int64]
    Words = NDArray[np.int32]

_STEPS = 64
"""Between two looks for intervals that are through."""
_SLACK_BITS = 8 * 8 * _STEPS
"""That those steps can take too many."""
_MOST_PADDING = 64
"""Bits behind the last block of an interval: less than 8 by the standard."""
_FEW = 64
"""Intervals that are faster one by one."""


@dataclass(frozen=True, slots=True)
class ScannedIntervals:
    """Blocks of entropy-coded intervals, in which MCUs are counted from the first of each.

    Parameters
    ----------
    data
        All intervals, without the zero bytes behind 0xFF.
    places
        (intervals, most blocks + 1), of bits in ``data``: where each block begins, and the last
        ends.
    dc
        (intervals, most blocks), value of each DC coefficient, predictors added.
    dc_bits
        Of the same shape: bits of its code and value.
    """

    data: bytes
    places: Integers
    dc: NDArray[np.int32]
    dc_bits: NDArray[np.uint8]


def scan_intervals(
    intervals: Sequence[bytes | memoryview], block_counts: Sequence[int], tables: ScanTables
) -> ScannedIntervals:
    """Find the blocks of intervals.

    Parameters
    ----------
    intervals
        Entropy-coded bytes, without the markers around them.
    block_counts
        Blocks of each.

    Raises
    ------
    JpegError
        The bytes of an interval end before its blocks, or go on behind them.
    """
    import numpy as np

    plain = [bytes(interval).replace(b"\xff\x00", b"\xff") for interval in intervals]
    limits = 8 * np.cumsum([0, *map(len, plain)])
    data = b"".join(plain)
    words = _words(data)
    counts = np.asarray(block_counts, np.int64)
    scan = _scan_one_by_one if len(plain) <= _FEW else _scan_at_once
    places = scan(words, limits, counts, tables)
    rest = limits[1:] - places[np.arange(len(counts)), counts]
    if rest.min() < 0 or rest.max() > _MOST_PADDING:
        raise JpegError("a restart interval is longer or shorter than its blocks")
    places = places[:, : counts.max() + 1]
    return ScannedIntervals(data, places, *_dc_values(words, places[:, :-1], tables))


def _words(data: bytes) -> Words:
    """Return the three bytes that begin at each byte, as one number."""
    import numpy as np

    values = np.frombuffer(data + bytes(3), np.uint8).astype(np.int32)
    words: Words = values[:-2] << 16 | values[1:-1] << 8 | values[2:]
    return words


def _block_tables(tables: ScanTables) -> Integers:
    """Return for each block of an MCU where its tables begin in the look-up of steps."""
    import numpy as np

    return 2 * PEEK * np.asarray([tables.pairs[item] for item in tables.blocks], np.int64)


def _scan_at_once(words: Words, limits: Integers, counts: Integers, tables: ScanTables) -> Integers:
    """Return where blocks begin; (intervals, most blocks + 1 + steps between two looks)."""
    import numpy as np

    stride = int(counts.max()) + 1 + _STEPS
    cycle = np.resize(_block_tables(tables), stride)
    places = np.zeros(len(counts) * stride, np.int64)
    block = np.arange(len(counts)) * stride
    places[block] = limits[:-1]
    state = _State(
        position=limits[:-1].copy(),
        coefficient=np.zeros(len(counts), np.int64),
        table=np.full(len(counts), cycle[0]),
        block=block,
        last=block + counts,
        limit=limits[1:] + _SLACK_BITS,
    )
    while len(state.position):
        for _ in range(_STEPS):
            full = _step(state, words, tables)
            if full.size:
                following = state.block.take(full) + 1
                places[following] = state.position.take(full)
                state.block[full] = following
                state.coefficient[full] = 0
                state.table[full] = cycle.take(following % stride)
        if (state.position > state.limit).any():
            raise JpegError("a restart interval ends before its blocks")
        state = state.chosen(state.block < state.last)
    return places.reshape(len(counts), stride)


@dataclass(frozen=True, slots=True)
class _State:
    """Where each interval stands: the bit, the coefficient, the table, the block."""

    position: Integers
    coefficient: Integers
    table: Integers
    block: Integers
    last: Integers
    limit: Integers

    def chosen(self, which: NDArray[np.bool_]) -> _State:
        """Return the state of some intervals."""
        if which.all():
            return self
        return _State(
            self.position[which],
            self.coefficient[which],
            self.table[which],
            self.block[which],
            self.last[which],
            self.limit[which],
        )


def _step(state: _State, words: Words, tables: ScanTables) -> Integers:
    """Go one step on in all intervals and return those in which a block is full."""
    import numpy as np

    position, coefficient = state.position, state.coefficient
    # Clipped, for an interval that is through goes on into what follows until the next look.
    word = words.take(position >> 3, mode="clip")
    entry = state.table + ((word >> (8 - (position & 7))) & (PEEK - 1))
    step = tables.steps.take(entry)
    position += step & BITS
    coefficient += step >> BITS_WIDTH
    state.table[:] |= PEEK
    full = np.flatnonzero(coefficient >= BLOCK_END)
    over = full[_is_over(coefficient.take(full))]
    if not over.size:
        return full
    step, single = step[over], tables.single_steps[entry[over]]
    position[over] += (single & BITS) - (step & BITS)
    coefficient[over] += (single >> BITS_WIDTH) - (step >> BITS_WIDTH)
    return np.flatnonzero(coefficient >= BLOCK_END)


def _is_over(coefficient: Integers) -> NDArray[np.bool_]:
    """Tell where a step went beyond the end of its block, into the next.

    That is above 64 without EOB, and from 128 + 64 with it, as EOB does not follow a full block.
    """
    over: NDArray[np.bool_] = (
        (coefficient + (coefficient >> END_OF_BLOCK_BIT)) & (END_OF_BLOCK - 1)
    ) > BLOCK_END
    return over


def _scan_one_by_one(
    words: Words, limits: Integers, counts: Integers, tables: ScanTables
) -> Integers:
    import numpy as np

    places = np.zeros((len(counts), int(counts.max()) + 1), np.int64)
    views = words.data, tables.steps.data, tables.single_steps.data
    starts = _block_tables(tables).tolist()
    for interval, count in enumerate(counts.tolist()):
        first, limit = int(limits[interval]), int(limits[interval + 1])
        _scan_one((first, limit), count, views, starts, places[interval].data)
    return places


def _scan_one(
    bounds: tuple[int, int],
    count: int,
    views: tuple[memoryview, memoryview, memoryview],
    starts: list[int],
    places: memoryview,
) -> None:
    """Write where the blocks of one interval begin into ``places``."""
    words, steps, single_steps = views
    position, limit = bounds
    places[0] = position
    cycle = len(starts)
    for block in range(count):
        table, coefficient = starts[block % cycle], 0
        while coefficient < BLOCK_END:
            if position > limit:
                raise JpegError("a restart interval ends before its blocks")
            entry = table | ((words[position >> 3] >> (8 - (position & 7))) & 0xFFFF)
            step = steps[entry]
            after = coefficient + (step >> BITS_WIDTH)
            if (after + (after >> END_OF_BLOCK_BIT)) & (END_OF_BLOCK - 1) > BLOCK_END:
                step = single_steps[entry]
                after = coefficient + (step >> BITS_WIDTH)
            position += step & BITS
            coefficient = after
            table |= PEEK
        places[block + 1] = position


def _dc_values(
    words: Words, places: Integers, tables: ScanTables
) -> tuple[NDArray[np.int32], NDArray[np.uint8]]:
    """Return the DC coefficient of each block, and the bits of its code and value."""
    import numpy as np

    dc, bits = np.zeros(places.shape, np.int32), np.zeros(places.shape, np.uint8)
    blocks = np.resize(np.asarray(tables.blocks), places.shape[1])
    for component, table in enumerate(tables.dc):
        of_component = np.flatnonzero(blocks == component)
        start = places[:, of_component]
        code = _peek(words, start)
        length, category = table.lengths[code], np.clip(table.symbols[code], 0, 11)
        value = _peek(words, start + length) >> (16 - category)
        is_negative = value < (1 << category) >> 1
        difference = np.where(is_negative, value - (1 << category) + 1, value)
        dc[:, of_component] = np.cumsum(difference, axis=1)
        bits[:, of_component] = length + category
    return dc, bits


def _peek(words: Words, position: Integers) -> Integers:
    """Return the 16 bits at each position."""
    values: Integers = (words.take(position >> 3, mode="clip") >> (8 - (position & 7))) & (PEEK - 1)
    return values
