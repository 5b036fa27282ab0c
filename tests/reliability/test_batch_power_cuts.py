# SPDX-License-Identifier: Apache-2.0
"""The power is cut while a batch or a watch folder is at work: what was told done is whole on disk.

As in ``test_power_cuts.py``: a run is recorded, and from the record follows what a disk can hold at
any moment, at the worst. Some of these disks are then gone on with, to the end.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

import pytest
import slides
from reliability import faults
from reliability.disk import Disk, Event, Luck, events
from reliability.faults import Control, Kind
from reliability.report import note

CUTS = int(os.environ.get("COVERSLIP_CUTS", "40"))
GONE_ON_WITH = max(CUTS // 20, 2)
"""Of the cuts; each takes seconds."""
SLIDES = 4
_CUTS_OF_MOVES = 20
"""After each, as of what is not flushed any part may be on the disk."""
_MOVES = (Kind.LINK, Kind.RENAME, Kind.UNLINK)
FAST = ("--settle", "0.1", "--poll", "0.2", "--patience", "0", "--retry-first", "0.1")


@dataclass
class Recorded:
    """What a run did, and what it told when.

    Parameters
    ----------
    root
        The disk, as it was in the end.
    before
        The disk when the run began.
    told
        With each line of what it told, how much was recorded when it was read.
    """

    root: Path
    before: Disk
    everything: list[Event] = field(default_factory=list)
    told: list[tuple[int, dict[str, str]]] = field(default_factory=list)

    def cuts(self, count: int, folder: Path) -> Iterator[tuple[int, Path]]:
        """Yield moments with what is on the disk when the power is cut then.

        So many are at random; the others are just after each time that a slide was moved.
        """
        rng = random.Random(count)
        chosen = rng.choices(range(1, len(self.everything) + 1), k=count)
        moves = [
            number
            for number, event in enumerate(self.everything, 1)
            if event.kind in _MOVES and event.path.endswith(".svs")
        ]
        number = 0
        for moment in sorted([*chosen, *moves * _CUTS_OF_MOVES]):
            for event in self.everything[number:moment]:
                self.before.take(event)
            number = moment
            target = folder / "cut"
            shutil.rmtree(target, ignore_errors=True)
            target.mkdir()
            luck = rng.choice([Luck.NOTHING, Luck.ANYTHING, Luck.ANYTHING, Luck.EVERYTHING])
            self.before.cut(target, luck, rng)
            yield moment, target

    def done_by(self, moment: int, event: str) -> set[str]:
        """Return the slides of which something had been told by then."""
        return {
            line["slide"] for when, line in self.told if when <= moment and line["event"] == event
        }


def recorded(folder: Path, root: Path, arguments: list[str], code: int) -> Recorded:
    """Run ``dicomizer`` to its end, with all that it does below ``root`` recorded."""
    control = Control(folder / "control")
    environment = faults.environment(
        faults.library(folder), root, folder / "control", folder / "record"
    )
    disk = Disk(root)
    disk.begin_with(root)
    found = Recorded(root, disk)
    with subprocess.Popen(
        [sys.executable, "-m", "dicomizer", *arguments],
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout
        for line in process.stdout:
            found.told.append((control.events, json.loads(line)))
    assert process.returncode == code, found.told
    found.everything = list(events(folder / "record"))
    return found


def written(folder: Path, count: int) -> dict[str, str]:
    """Write slides that have one instance each, and return their digests by name."""
    folder.mkdir(parents=True, exist_ok=True)
    found = {}
    for number in range(count):
        path = folder / f"{number}.svs"
        slides.write_svs(path, size=(130 + number, 90), factors=(1,), associated=False)
        found[path.name] = sha256(path.read_bytes()).hexdigest()
    return found


def files_in(folder: Path) -> dict[str, str]:
    """Return the digests of the DICOM files that somebody could see, by their path."""
    return {
        str(path.relative_to(folder)): sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*.dcm")
        if not any(part.startswith(".") for part in path.relative_to(folder).parts)
    }


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "dicomizer", *arguments], capture_output=True, text=True, check=False
    )


@pytest.fixture(scope="module")
def batch(tmp_path_factory) -> tuple[Path, Recorded]:
    """Return the slides of a batch, and its run, into a folder that was not there before."""
    folder = tmp_path_factory.mktemp("batch")
    written(folder / "scans", SLIDES)
    (folder / "disk").mkdir()
    out = folder / "disk" / "results" / "today"
    arguments = ["convert", str(folder / "scans"), str(out), "--jobs", "2"]
    return folder / "scans", recorded(folder, folder / "disk", arguments, 0)


def manifest_in(out: Path) -> dict[str, str]:
    """Return the last result of each slide, of lines that are whole."""
    found = {}
    with (out / "manifest.jsonl").open("rb") as file:
        for line in file:
            try:
                entry = json.loads(line)
                found[entry["slide"]] = entry["result"]
            except ValueError:
                continue
    return found


def test_what_a_manifest_tells_as_converted_is_whole_and_the_rest_is_converted(
    batch, tmp_path, capsys
):
    scans, run_of_it = batch
    final = files_in(run_of_it.root / "results" / "today")
    assert len(final) == SLIDES

    for number, (moment, disk) in enumerate(run_of_it.cuts(CUTS, tmp_path)):
        out = disk / "results" / "today"
        told = run_of_it.done_by(moment, "converted")
        known = manifest_in(out) if (out / "manifest.jsonl").exists() else {}
        converted = {slide for slide, result in known.items() if result == "converted"}
        there = files_in(out)
        assert told <= converted, (moment, told, known)
        for slide in converted:
            name = f"{Path(slide).stem}/level-0.dcm"
            assert there.get(name) == final[name], (moment, name)
        if number % (CUTS // GONE_ON_WITH):
            continue

        again = run("convert", str(scans), str(out))

        ended = {
            line["slide"]: line["event"]
            for line in map(json.loads, again.stdout.splitlines())
            if line["event"] in ("converted", "skipped", "failed")
        }
        assert again.returncode == 0, again.stdout
        assert {slide for slide, event in ended.items() if event == "skipped"} == converted
        assert set(files_in(out)) == set(final)

    note(capsys, f"{CUTS} power cuts of a batch of {SLIDES} slides: none told that is not whole")


@pytest.fixture(scope="module")
def watched(tmp_path_factory) -> tuple[dict[str, str], Recorded]:
    """Return the digests of the slides in an inbox, one of which is none, and its service's run."""
    folder = tmp_path_factory.mktemp("watched")
    root = folder / "disk"
    digests = written(root / "inbox" / "monday", SLIDES)
    (root / "inbox" / "bad.svs").write_text("no slide")
    digests["bad.svs"] = sha256(b"no slide").hexdigest()
    return digests, recorded(folder, root, watching(root), 3)


def watching(root: Path) -> list[str]:
    return [
        *("watch", str(root / "inbox"), "--out", str(root / "deep" / "out"), "--once"),
        *("--journal", str(root / "state" / "journal.sqlite"), *FAST),
    ]


def sources_in(inbox: Path) -> Counter[str]:
    return Counter(sha256(path.read_bytes()).hexdigest() for path in inbox.rglob("*.svs"))


def test_a_watch_folder_loses_and_doubles_nothing_in_a_power_cut(watched, tmp_path, capsys):
    digests, run_of_it = watched
    final = files_in(run_of_it.root / "deep" / "out")
    assert len(final) == SLIDES

    for number, (moment, disk) in enumerate(run_of_it.cuts(CUTS, tmp_path)):
        there, sources = files_in(disk / "deep" / "out"), sources_in(disk / "inbox")
        assert {name: final[name] for name in there} == there, moment
        for slide in run_of_it.done_by(moment, "done"):
            assert f"{Path(slide).with_suffix('')}/level-0.dcm" in there, (moment, slide)
        for slide, digest in digests.items():
            is_done = f"monday/{Path(slide).stem}/level-0.dcm" in there
            assert is_done or sources[digest], (moment, slide)
        if number % (5 * CUTS // GONE_ON_WITH):
            continue

        again = run(*watching(disk))

        assert again.returncode == (3 if sources[digests["bad.svs"]] else 0), again.stderr
        assert again.stderr == ""
        assert sorted(files_in(disk / "deep" / "out")) == sorted(final), moment
        assert set(sources_in(disk / "inbox" / "failed")) == {digests["bad.svs"]}
        left = set(sources_in(disk / "inbox")) - {digests["bad.svs"]}
        assert left <= set(sources_in(disk / "inbox" / "done"))

    note(capsys, f"{CUTS} power cuts of a watch folder with {SLIDES} slides: none lost, none twice")
