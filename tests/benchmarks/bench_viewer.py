# SPDX-License-Identifier: Apache-2.0
"""Our viewer and dicom-microscopy-viewer on one slide of one server, side by side in one run.

    python tests/benchmarks/bench_viewer.py [SLIDE] [--minutes 10] [--megabits 20 --latency 40]

SLIDE is a slide file, or a folder of DICOM files of one; else one of 40,000 x 40,000 pixels of
real tissue is made and kept for the next time. Each round opens it in either viewer in turn, in a
browser that has never been anywhere, with all of it in the same window, and goes the same way:
screen by screen over tissue, each looked at for a while, then dragging without a stop, then panning
for MINUTES. Times are read from what the compositor put on the screen; bytes are those that came
over the network, with all that was fetched ahead or cancelled. Memory is that of all processes of
the browser, what they share counted once; the heap is that of the page, without workers. Prints
medians over rounds and their ratio, first on loopback and then over a link; exit code 1 says that a
row is not ahead. A visit during which other guests of the host took the processors is made again.
Needs Chromium, the built viewer and the peer (`python hatch_build.py peers`).

Where there is no graphics card, WebGL, which the peer draws with, is worked out by the processor.
"""

from __future__ import annotations

import argparse
import io
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import httpx
import numpy as np
from browser.harness import run
from measuring import watched
from PIL import Image
from playwright.sync_api import sync_playwright
from viewers.film import GLASS
from viewers.server import serving
from viewers.visit import OURS, PEER, SEED, WINDOW, Link, Viewer, Visit, Visitor, visited
from viewers.walk import Slide, Walk

SAME_LEVELS = 12
"""By so much may blocks of what two viewers show differ: one changes colours by the profile."""
MOST_TAKEN = 0.05
"""Where other guests of the host took a larger part of the processors, a visit is made again."""
TRIES = 2
"""Visits at most, of which the calmest counts."""
MAKER = Path(__file__).resolve().parents[3] / "shared" / "tools" / "make_slide.py"
PANS = 21
"""Steps over which frames are counted."""
COLUMNS, ROWS_OF_MATRIX = "00480006", "00480007"
NONE = {"Value": [0]}


@dataclass(frozen=True)
class Row:
    """A row of the table; of most figures less is better."""

    name: str
    figure: Callable[[Visit], float]
    unit: str
    is_more_better: bool = False

    def is_ahead(self, ours: float, peer: float) -> bool:
        """Tell whether we are no worse."""
        return ours >= peer if self.is_more_better else ours <= peer


ROWS = (
    Row("first useful picture", lambda visit: visit.useful, "s"),
    Row("sharp picture", lambda visit: visit.sharp, "s"),
    Row("sharp after a step, mean", lambda visit: statistics.fmean(visit.settling), "s"),
    Row("sharp after a step, longest", lambda visit: max(visit.settling), "s"),
    Row(
        "frames while panning",
        lambda visit: 1000 / statistics.fmean(visit.frame_ms),
        "/s",
        is_more_better=True,
    ),
    Row("95 % of frames within", lambda visit: float(np.percentile(visit.frame_ms, 95)), "ms"),
    Row("fetched to open", lambda visit: visit.opening_bytes / 1e3, "kB"),
    Row(
        "fetched per screen",
        lambda visit: visit.walk_bytes / len(visit.settling) / 1e3,
        "kB",
    ),
    Row("JavaScript heap", lambda visit: visit.heap_mb, "MB"),
    Row("memory of the browser", lambda visit: visit.browser_mb, "MB"),
)


def main() -> None:
    """Serve, visit and tell."""
    asked = arguments()
    with tempfile.TemporaryDirectory(prefix="bench-viewer-") as name:
        data = Path(name) / "data"
        ingest(asked.slide or made(), Path(name), data)
        with serving(data, Path(name) / "server.log") as address:
            slide = slide_at(address)
            links = {"loopback": None, "link": Link(asked.megabits, asked.latency)}
            is_ahead = [compare(address, slide, links[kind], asked) for kind in asked.only or links]
    sys.exit(0 if all(is_ahead) else 1)


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("slide", type=Path, nargs="?", help="slide, or folder of DICOM files")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--screens", type=int, default=20, help="to go to, and look at")
    parser.add_argument("--minutes", type=float, default=1, help="of panning before memory")
    parser.add_argument("--megabits", type=float, default=20, help="of the link, a second")
    parser.add_argument("--latency", type=float, default=40, help="of the link, in ms")
    parser.add_argument("--only", action="append", choices=("loopback", "link"))
    return parser.parse_args()


def made() -> Path:
    """Return a large slide, made where that has not been done yet."""
    path = Path(tempfile.gettempdir()) / "coverslip-bench" / "tissue-40000.svs"
    if not path.exists():
        if not MAKER.exists():
            sys.exit("no slide to measure with; name one: bench_viewer.py SLIDE")
        path.parent.mkdir(exist_ok=True)
        part = path.with_suffix(".part.svs")
        subprocess.run(
            [sys.executable, str(MAKER), str(part), "--size", "40000", "40000"], check=True
        )
        part.rename(path)
    return path


def ingest(given: Path, folder: Path, data: Path) -> None:
    """Put a slide into an archive, converted where it is not DICOM."""
    files = given
    if given.is_file():
        files = folder / "dicom"
        run("dicomizer", "convert", str(given), str(files))
    run("tileserver", "ingest", str(files), "--data", str(data))


def slide_at(address: str) -> Slide:
    """Return the slide of an archive."""
    with httpx.Client(base_url=f"{address}/dicomweb") as http:
        (found,) = http.get("/series?Modality=SM").json()
        study, series = (found[tag]["Value"][0] for tag in ("0020000D", "0020000E"))
        instances = http.get(f"/studies/{study}/series/{series}/metadata").json()
        small = http.get(f"/studies/{study}/series/{series}/thumbnail?viewport=256,256").content
    picture = np.asarray(Image.open(io.BytesIO(small)).convert("RGB"))
    finest = max(instances, key=lambda instance: instance.get(COLUMNS, NONE)["Value"][0])
    width, height = (finest[tag]["Value"][0] for tag in (COLUMNS, ROWS_OF_MATRIX))
    measures = finest["52009229"]["Value"][0]["00289110"]["Value"][0]
    return Slide(
        study,
        series,
        width,
        height,
        measures["00280030"]["Value"][0] * 1000,
        picture.min(axis=2) < GLASS,
    )


def compare(address: str, slide: Slide, link: Link | None, asked: argparse.Namespace) -> bool:
    """Print the table over one link; return whether we are ahead in every row."""
    visits: dict[str, list[Visit]] = {OURS.name: [], PEER.name: []}
    for number in range(asked.rounds):
        # Whoever comes first has no advantage of it for good.
        for viewer in (OURS, PEER) if number % 2 == 0 else (PEER, OURS):
            visits[viewer.name].append(undisturbed(viewer, address, slide, link, asked))
            print(".", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)
    ours, peer = visits.values()
    refuse_different(ours[0], peer[0])
    return tell(link, ours, peer)


def undisturbed(
    viewer: Viewer, address: str, slide: Slide, link: Link | None, asked: argparse.Namespace
) -> Visit:
    """Visit a slide, again where others took the processors meanwhile; return the calmest visit."""
    visits: list[tuple[float, Visit]] = []
    while len(visits) < TRIES:
        with watched() as others:
            made = visit(viewer, address, slide, link, asked)
        visits.append((others.part, made))
        if others.part < MOST_TAKEN:
            break
        print(f"\n{viewer.name}: others took {others.part:.0%} of the processors", file=sys.stderr)
    return min(visits, key=lambda each: each[0])[1]


def visit(
    viewer: Viewer, address: str, slide: Slide, link: Link | None, asked: argparse.Namespace
) -> Visit:
    """Visit a slide once."""
    walk = Walk(slide, WINDOW, SEED)
    with sync_playwright() as playwright, visited(playwright.chromium, chromium()) as page:
        visitor = Visitor(page, viewer, address, slide)
        if link:
            visitor.link(link)
        visitor.open(walk.view)
        visitor.walk(walk.screens(asked.screens))
        pans = walk.pans()
        visitor.pan(list(islice(pans, PANS)))
        visitor.wander(pans, asked.minutes)
        return visitor.visit


def chromium() -> str | None:
    """Return the program of the browser."""
    return shutil.which("chromium") or shutil.which("google-chrome")


def refuse_different(ours: Visit, peer: Visit) -> None:
    """Stop where the viewers have not shown the same."""
    for number, (one, other) in enumerate(zip(ours.pictures, peer.pictures, strict=True)):
        difference = abs(one - other).mean()
        if difference > SAME_LEVELS:
            sys.exit(f"screen {number} is not the same in both: {difference:.0f} levels apart")


def tell(link: Link | None, ours: list[Visit], peer: list[Visit]) -> bool:
    """Print the table; return whether we are ahead in every row."""
    over = f"{link.megabits:g} Mbit/s, {link.latency_ms:g} ms" if link else "loopback"
    print(f"\n{over:32}{OURS.name:>14}{PEER.name:>26}{'ratio':>8}")
    is_ahead = True
    for row in ROWS:
        one, other = (statistics.median(map(row.figure, visits)) for visits in (ours, peer))
        told = "" if row.is_ahead(one, other) else "  behind"
        print(
            f"{row.name:28}{row.unit:>4}{one:14,.2f}{other:26,.2f}{one / other:8.2f}{told}",
            flush=True,
        )
        is_ahead &= row.is_ahead(one, other)
    return is_ahead


if __name__ == "__main__":
    main()
