# SPDX-License-Identifier: Apache-2.0
"""Make a synthetic H&E slide: an Aperio SVS with pyramid, thumbnail, label and macro.

The same options make the same bytes. Run it as ``python samples/make_slide.py OUT.svs``.
"""

from __future__ import annotations

import argparse
import dataclasses
import sys
import time
from pathlib import Path

from he_section import SlideOptions, make_slide

__all__ = ["SlideOptions", "main", "make_slide"]


def main(arguments: list[str] | None = None) -> int:
    """Make the slide that the command line asks for; return the exit code."""
    parser = _parser()
    given = vars(parser.parse_args(arguments))
    out: Path = given.pop("out")
    try:
        options = SlideOptions(**given)
    except ValueError as error:
        parser.error(str(error))
    start = time.monotonic()
    try:
        make_slide(out, options)
    except OSError as error:
        print(f"{out}: cannot be written: {error.strerror or error}", file=sys.stderr)
        return 1
    size = out.stat().st_size / 1e6
    seconds = time.monotonic() - start
    print(f"{out}: {options.width} x {options.height} pixels, {size:.1f} MB, {seconds:.1f} s")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description="Make a synthetic H&E slide in the layout of Aperio SVS.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    parser.add_argument("out", metavar="OUT.svs", type=Path, help="the file to write")
    help_texts = {
        "width": "pixels",
        "height": "pixels",
        "tile": "pixels of a tile's side, a multiple of 16",
        "quality": "of JPEG, 10 to 100",
        "mpp": "micrometres per pixel",
        "seed": "another number makes another section",
        "color": "of the JPEG tiles: ycbcr (4:2:0) or rgb",
        "case": "what the label and its barcode say",
    }
    for field in dataclasses.fields(SlideOptions):
        parser.add_argument(
            f"--{field.name}",
            type=type(field.default),
            default=field.default,
            choices=("ycbcr", "rgb") if field.name == "color" else None,
            help=help_texts[field.name],
        )
    return parser


if __name__ == "__main__":
    sys.exit(main())
