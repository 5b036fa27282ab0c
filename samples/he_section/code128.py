# SPDX-License-Identifier: Apache-2.0
"""Code 128 barcodes (ISO/IEC 15417), code set B: printable ASCII."""

from __future__ import annotations

_START_B = 104
_MODULUS = 103

# Widths of six bars and spaces in turn, beginning with a bar, of the values 0 to 105.
_WIDTHS = (
    "212222222122222221121223121322131222122213122312132212221213221312231212112232122132"
    "122231113222123122123221223211221132221231213212223112312131311222321122321221312212"
    "322112322211212123212321232121111323131123131321112313132113132311211313231113231311"
    "112133112331132131113123113321133121313121211331231131213113213311213131311123311321"
    "331121312113312311332111314111221411431111111224111422121124121421141122141221112214"
    "112412122114122411142112142211241211221114413111241112134111111242121142121241114212"
    "124112124211411212421112421211212141214121412121111143111341131141114113114311411113"
    "411311113141114131311141411131211412211214211232"
)
_STOP = "2331112"


def modules(text: str) -> list[bool]:
    """Return the barcode of a text without its quiet zones: true is a dark module.

    Raises
    ------
    ValueError
        The text is empty or has characters other than printable ASCII.
    """
    if not text or not all(" " <= character <= "~" for character in text):
        raise ValueError(f"{text!r} is empty or not printable ASCII")
    values = [_START_B, *(ord(character) - 32 for character in text)]
    check = sum(max(place, 1) * value for place, value in enumerate(values)) % _MODULUS
    widths = "".join(_WIDTHS[6 * value : 6 * value + 6] for value in [*values, check]) + _STOP
    return [place % 2 == 0 for place, width in enumerate(widths) for _ in range(int(width))]
