# SPDX-License-Identifier: Apache-2.0
"""Tiles over HTTP: passed through as stored, and drawn, by all the ways there are to ask for them.

    PYTHONPATH=tests:tests/benchmarks python tests/benchmarks/bench_tiles.py [--workers 2]

Needs wrk. Cases are measured in turn, in rounds; the best rate and the least time of the server's
processors for an answer are told, which holds on a busy machine, too.
"""

from __future__ import annotations

import argparse
import random
import tempfile
from pathlib import Path

import httpx
from bench_serve import Case, ingest, ours, script, wrk

SLIDE = Path(__file__).parents[3] / "shared" / "slides" / "dicom" / "variants" / "jpeg_full_pyramid"
PATHS = 2000


def paths(root: str, address: str) -> dict[str, list[str]]:
    """Return what is asked for, by name."""
    chance = random.Random(3)
    with httpx.Client(base_url=address) as http:
        document = http.get(f"{root}/xyz/tile.json").json()
    side, top = document["tilesize"], document["maxzoom"]
    width, height = document["width"], document["height"]
    whole = [
        (chance.randrange(width // side), chance.randrange(height // side)) for _ in range(PATHS)
    ]
    beside = [(chance.randrange(width - 512), chance.randrange(height - 512)) for _ in range(PATHS)]
    return {
        "XYZ, as stored": [f"{root}/xyz/{top}/{x}/{y}.jpg" for x, y in whole],
        "Deep Zoom, as stored": [
            f"{root}/slide_files/{(max(width, height) - 1).bit_length()}/{x}_{y}.jpg"
            for x, y in whole
        ],
        "IIIF, as stored": [
            f"{root}/iiif/{x * side},{y * side},{side},{side}/{side},{side}/0/default.jpg"
            for x, y in whole
        ],
        "IIIF, beside frames": [
            f"{root}/iiif/{x},{y},256,256/256,256/0/default.jpg" for x, y in beside
        ],
        "IIIF, at scale 1.7": [
            f"{root}/iiif/{x},{y},435,435/256,256/0/default.jpg" for x, y in beside
        ],
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--slide", type=Path, default=SLIDE, help="DICOM files of one series")
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=2)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="bench-tiles-") as name:
        folder = Path(name)
        ingest(folder / "data", asked.slide)
        with ours(folder / "data", asked.workers, is_pinned=asked.workers == 1) as server:
            found = httpx.get(f"{server.address}/dicomweb/series").json()[0]
            study, series = (found[tag]["Value"][0] for tag in ("0020000D", "0020000E"))
            cases = [
                Case(kind, server, script(folder, str(number), some))
                for number, (kind, some) in enumerate(
                    paths(f"/tiles/{study}/{series}", server.address).items()
                )
            ]
            rates = {case.name: [wrk(case, asked.seconds)] for case in cases}  # warm
            for _ in range(asked.rounds):
                for case in cases:
                    rates[case.name].append(wrk(case, asked.seconds))
    for kind, (_, *measured) in rates.items():
        best = max(rate.per_second for rate in measured)
        cpu = min(rate.cpu for rate in measured)
        bad = sum(rate.errors for rate in measured)
        print(f"{kind:24}{best:8,.0f}/s{cpu:8,.0f} us of CPU{bad:6} bad")


if __name__ == "__main__":
    main()
