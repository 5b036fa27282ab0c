# SPDX-License-Identifier: Apache-2.0
"""A watch folder whose service is killed again and again: each slide once, none partial or lost."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import threading
import time
from collections import Counter
from pathlib import Path

import pydicom
import slides
from pydicom.encaps import generate_frames
from reliability.dripping import Drip, Size
from reliability.report import note

SLIDES = int(os.environ.get("COVERSLIP_WATCH_SLIDES", "16"))
KILLS = int(os.environ.get("COVERSLIP_WATCH_KILLS", "5"))
PAUSE_SECONDS = 0.05
"""Between two actions of those who bring slides, in the mean."""
LATEST_SECONDS = 3 + SLIDES / 25
"""After a start, at which the service is killed even if it has done less than it should."""
LINES = 4 * SLIDES // KILLS
"""That it tells at most before it is killed: two of each slide, so kills are spread over all."""


def command(folder: Path, *options: str) -> list[str]:
    return [
        *(sys.executable, "-m", "dicomizer", "watch", str(folder / "inbox")),
        *("--out", str(folder / "out"), "--journal", str(folder / "journal.sqlite")),
        *("--settle", "0.3", "--poll", "0.3", "--patience", "3600", "--retry-first", "0.2"),
        *options,
    ]


class Killed:
    """A service that is killed when it is told to, and started anew."""

    def __init__(self, arguments: list[str], log: Path, moments: random.Random) -> None:
        self._arguments = arguments
        self._log = log.open("ab")
        self._moments = moments
        self._process = self._started()

    def kill(self) -> None:
        assert self._process.poll() is None, Path(self._log.name).read_text()
        self._process.kill()
        self._process.wait()
        self._process = self._started()

    @property
    def is_due(self) -> bool:
        """Whether it has done as much as it should before it is killed."""
        is_late = time.monotonic() > self._latest
        return is_late or Path(self._log.name).stat().st_size >= self._wanted

    def end(self) -> None:
        self._process.kill()
        self._process.wait()
        self._log.close()

    def _started(self) -> subprocess.Popen[bytes]:
        lines = self._moments.randrange(LINES)
        self._wanted = Path(self._log.name).stat().st_size + lines * 150
        self._latest = time.monotonic() + LATEST_SECONDS
        return subprocess.Popen(self._arguments, stdout=self._log, stderr=self._log)


def test_slides_that_drip_in_while_the_service_is_killed(tmp_path, capsys):
    moments = random.Random(20261122)
    (tmp_path / "inbox").mkdir()
    (tmp_path / "stock").mkdir()
    drip = Drip(tmp_path / "inbox", tmp_path / "stock", SLIDES, moments)
    service = Killed(command(tmp_path), tmp_path / "log", moments)
    pause = threading.Event()
    kills = 0
    actions = drip.actions()
    try:
        while next(actions, actions) is None or kills < KILLS:
            pause.wait(moments.expovariate(1 / PAUSE_SECONDS))
            if service.is_due and kills < KILLS:
                service.kill()
                kills += 1
                assert partial(tmp_path / "out") == []
    finally:
        service.end()

    done = subprocess.run(
        command(tmp_path, "--once"), capture_output=True, text=True, check=False, timeout=3000
    )

    assert (done.returncode, done.stderr) == (0, "")
    converted = Counter(size_in(folder) for folder in folders(tmp_path / "out"))
    twice = {size: number for size, number in converted.items() if number > 1}
    lost = drip.expected - set(converted)
    alien = set(converted) - drip.expected - drip.withdrawn
    assert (twice, lost, alien) == ({}, set(), set())
    assert list((tmp_path / "out" / ".dicomizer-watch").iterdir()) == []
    assert left_in(tmp_path / "inbox") == []
    sources = sources_in(tmp_path / "inbox" / "done")
    assert drip.expected <= set(sources)
    note(
        capsys,
        f"{SLIDES} slides dripped into a watch folder whose service was killed {kills} times: "
        f"{len(converted)} converted, 0 twice, 0 lost, 0 partial",
    )


def folders(out: Path) -> list[Path]:
    """Return the folders with results that somebody could see."""
    return sorted(
        {
            path.parent
            for path in out.rglob("*.dcm")
            if not any(part.startswith(".") for part in path.relative_to(out).parts)
        }
    )


def partial(out: Path) -> list[Path]:
    """Return the folders that do not hold all of a slide; these have one instance each."""
    if not out.is_dir():
        return []
    return [folder for folder in folders(out) if [x.name for x in folder.iterdir()] != NAMES]


NAMES = ["level-0.dcm"]


def size_in(folder: Path) -> Size:
    """Return the size of a slide, all of whose frames are there."""
    found = pydicom.dcmread(folder / "level-0.dcm")
    frames = list(generate_frames(found.PixelData, number_of_frames=found.NumberOfFrames))
    assert all(frame[:2] == b"\xff\xd8" for frame in frames)
    return found.TotalPixelMatrixColumns, found.TotalPixelMatrixRows


def sources_in(folder: Path) -> dict[Size, int]:
    """Return the sizes of slide files, each of which is whole."""
    from dicomizer.sources.registry import open_source

    found: dict[Size, int] = Counter()
    for path in folder.rglob("*.svs"):
        with open_source(path) as source:
            size = source.slide.images[0].size
            found[size.width, size.height] += 1
    return found


def left_in(inbox: Path) -> list[Path]:
    """Return the slides that are still in the inbox."""
    aside = {inbox / "done", inbox / "failed", inbox / "unmatched"}
    return [path for path in inbox.rglob("*.svs") if not aside & set(path.parents)]


def test_slides_built_for_this_have_one_instance(tmp_path):
    """What `partial` takes for granted."""
    path = tmp_path / "a.svs"
    slides.write_svs(path, size=(130, 90), factors=(1,), associated=False)

    subprocess.run(
        [sys.executable, "-m", "dicomizer", "convert", "-q", path, tmp_path / "out"], check=True
    )

    assert [item.name for item in (tmp_path / "out").iterdir()] == NAMES
