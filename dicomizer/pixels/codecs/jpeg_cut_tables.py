# SPDX-License-Identifier: Apache-2.0
"""Huffman tables of a JPEG scan as look-up tables that step over several symbols at once.

To cut a scan only the lengths of its codes matter, and the values of DC coefficients. A table
has an entry for each value of the next 16 bits: how many bits the symbols take that begin there,
and by how many coefficients they go on. As many symbols as the 16 bits tell are one step.

References
----------
ITU-T T.81 B.2.3 (scan header), B.2.4.2 (tables), F.2.2 (decoding)
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from dicomizer.pixels.codecs.jpeg import JpegError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from dicomizer.pixels.codecs.jpeg import JpegHeader

    Lookup = NDArray[np.int64]
    Steps = NDArray[np.int32]

PEEK = 1 << 16
"""Values of the bits that a step looks at."""
BLOCK_END = 64
"""Coefficient at which a block is full."""
END_OF_BLOCK_BIT = 7
END_OF_BLOCK = 1 << END_OF_BLOCK_BIT
"""Added to the coefficient by the symbol EOB, so that the two ends can be told apart."""
BITS = 63
"""Mask of the bits that a step takes; the coefficients are above."""
BITS_WIDTH = 6

_DHT, _SOS = 0xC4, 0xDA
_EOB, _ZRL = 0x00, 0xF0
_DC_CATEGORIES = range(12)
"""Of coefficients of 8-bit samples (T.81 table F.1)."""
_MOST_SYMBOLS = 8
"""Of a step: codes have two bits or more in all usual tables."""


@dataclass(frozen=True, slots=True, eq=False)
class HuffmanTable:
    """A table as codes and as a look-up; one object for each table, however often it is read.

    Parameters
    ----------
    codes
        Code and its length for each symbol.
    lengths, symbols
        Of the code with which each value of 16 bits begins; length 16 and symbol -1 where none.
    """

    codes: dict[int, tuple[int, int]]
    lengths: Lookup
    symbols: Lookup


@dataclass(frozen=True, slots=True)
class ScanTables:
    """The tables of a scan, one pair for each component.

    Parameters
    ----------
    dc, ac
        By component.
    blocks
        Component of each block of an MCU.
    pairs
        Place of each component's steps; components often share them.
    steps
        (2 * pairs * 65536,), int32: where a block begins and where it goes on, by pair of tables;
        several symbols a step.
    single_steps
        The same with one symbol a step, for where a block ends without EOB.
    """

    dc: tuple[HuffmanTable, ...]
    ac: tuple[HuffmanTable, ...]
    blocks: tuple[int, ...]
    pairs: tuple[int, ...]
    steps: Steps
    single_steps: Steps

    def end_of_block(self, component: int) -> tuple[int, int]:
        """Return code and length of EOB."""
        return self.ac[component].codes[_EOB]


def read_scan_tables(header: JpegHeader) -> ScanTables:
    """Make the tables of a scan that has all components.

    Raises
    ------
    JpegError
        The scan has not all components, or its tables lack codes that a cut may need.
    """
    import numpy as np

    tables = _huffman_tables(header)
    components = _scan_components(header)
    try:
        dc = tuple(tables[0, number] for _, number, _ in components)
        ac = tuple(tables[1, number] for _, _, number in components)
    except KeyError as error:
        raise JpegError(f"found no Huffman table {error}") from error
    if any(table.codes.keys() < set(_DC_CATEGORIES) for table in dc) or any(
        _EOB not in table.codes for table in ac
    ):
        raise JpegError("the Huffman tables are not made for other values than those of the scan")
    components_pairs = list(zip(dc, ac, strict=True))
    pairs = list(dict.fromkeys(components_pairs))
    steps = [_pair(*tables) for tables in pairs]
    return ScanTables(
        dc,
        ac,
        _blocks(components),
        pairs=tuple(pairs.index(tables) for tables in components_pairs),
        steps=np.concatenate([many for many, _ in steps]),
        single_steps=np.concatenate([one for _, one in steps]),
    )


@lru_cache(maxsize=8)
def _pair(dc: HuffmanTable, ac: HuffmanTable) -> tuple[Steps, Steps]:
    """Return the steps of a component, of many symbols and of one."""
    import numpy as np

    symbols = _dc_steps(dc), _ac_steps(ac)
    many = [_many_symbols(first, symbols[1], ac.lengths) for first in symbols]
    return np.concatenate(many), np.concatenate([_packed(*first) for first in symbols])


def _huffman_tables(header: JpegHeader) -> dict[tuple[int, int], HuffmanTable]:
    """Return the tables by class (0 for DC) and number."""
    tables = {}
    for payload in (item.payload for item in header.segments if item.marker == _DHT):
        position = 0
        while position + 17 <= len(payload):
            counts = payload[position + 1 : position + 17]
            end = position + 17 + sum(counts)
            symbols = payload[position + 17 : end]
            key = payload[position] >> 4, payload[position] & 15
            tables[key] = _huffman_table(counts, symbols)
            position = end
    return tables


@lru_cache(maxsize=16)
def _huffman_table(counts: bytes, symbols: bytes) -> HuffmanTable:
    """Assign codes in order of their lengths (T.81 annex C)."""
    import numpy as np

    if sum(counts) != len(symbols) or _code_space(counts) > PEEK:
        raise JpegError("a Huffman table is not complete, or has more codes than there can be")
    lengths = np.full(PEEK, 16, np.int64)
    found = np.full(PEEK, -1, np.int64)
    codes = {}
    start, remaining = 0, iter(symbols)
    for length, count in enumerate(counts, 1):
        for symbol in (next(remaining) for _ in range(count)):
            end = start + (PEEK >> length)
            lengths[start:end], found[start:end] = length, symbol
            codes[symbol] = start >> (16 - length), length
            start = end
    return HuffmanTable(codes, lengths, found)


def _code_space(counts: bytes) -> int:
    return sum(count * (PEEK >> length) for length, count in enumerate(counts, 1))


def _scan_components(header: JpegHeader) -> list[tuple[int, int, int]]:
    """Return number of blocks in an MCU, DC and AC table of each component, in scan order."""
    payload = next(item.payload for item in header.segments if item.marker == _SOS)
    sampling = {identifier: across * down for identifier, across, down in header.frame.sampling}
    count = payload[0] if payload else 0
    if count != len(sampling) or len(payload) < 2 * count + 4:
        raise JpegError(f"the first scan has {count} of {len(sampling)} components")
    pairs = [(payload[1 + 2 * item], payload[2 + 2 * item]) for item in range(count)]
    if {identifier for identifier, _ in pairs} != set(sampling):
        raise JpegError("the scan has components that the frame has not")
    return [
        (sampling[identifier] if count > 1 else 1, tables >> 4, tables & 15)
        for identifier, tables in pairs
    ]


def _blocks(components: list[tuple[int, int, int]]) -> tuple[int, ...]:
    return tuple(
        component for component, (count, _, _) in enumerate(components) for _ in range(count)
    )


def _dc_steps(table: HuffmanTable) -> tuple[Lookup, Lookup]:
    """Return bits and coefficients of the step over a DC coefficient."""
    import numpy as np

    return table.lengths + np.clip(table.symbols, 0, 11), np.ones_like(table.lengths)


def _ac_steps(table: HuffmanTable) -> tuple[Lookup, Lookup]:
    """Return bits and coefficients of the step over an AC symbol; no code ends the block."""
    import numpy as np

    size, run = table.symbols & 15, table.symbols >> 4
    zeros = np.where(table.symbols == _ZRL, 16, END_OF_BLOCK)
    is_value = (size > 0) & (table.symbols >= 0)
    return (
        table.lengths + np.where(is_value, size, 0),
        np.where(is_value, run + 1, zeros),
    )


def _many_symbols(
    first: tuple[Lookup, Lookup], following: tuple[Lookup, Lookup], lengths: Lookup
) -> Steps:
    """Add AC symbols to a step while their codes are among the 16 bits."""
    import numpy as np

    bits, coefficients = first
    more_bits, more_coefficients = following
    values = np.arange(PEEK)
    for _ in range(_MOST_SYMBOLS):
        rest = (values << np.minimum(bits, 16)) & (PEEK - 1)
        after = coefficients + more_coefficients[rest]
        fits = (
            (coefficients < BLOCK_END)
            & (bits < 16)
            & (lengths[rest] <= 16 - bits)
            & ((after < BLOCK_END) | (more_coefficients[rest] == END_OF_BLOCK))
        )
        bits = np.where(fits, bits + more_bits[rest], bits)
        coefficients = np.where(fits, after, coefficients)
    return _packed(bits, coefficients)


def _packed(bits: Lookup, coefficients: Lookup) -> Steps:
    import numpy as np

    return (bits | coefficients << BITS_WIDTH).astype(np.int32)
