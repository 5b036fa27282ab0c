# SPDX-License-Identifier: Apache-2.0
"""Conversions killed by SIGKILL: nothing half is visible, little is done twice, bytes are equal."""

from __future__ import annotations

import errno
import itertools
import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import slides

from dicomizer.convert import convert
from dicomizer.errors import TargetError

EDGE = 8192
KILLS = int(os.environ.get("COVERSLIP_KILLS", "8"))
"""At random moments; ``make kills`` does a hundred."""
MOST_TWICE = 0.1
_CODE = """
import os, signal, sys
from pathlib import Path
from dicomizer.cli.conversion import conversion_options, read_options
import click

@click.command()
@click.argument("slide")
@click.argument("out")
@click.argument("kill_at", type=int)
@click.argument("moves_at", type=int)
@conversion_options
def main(slide, out, kill_at, moves_at, **values):
    from dicomizer import convert

    def report(progress):
        if 0 < kill_at <= progress.frames_done:
            os.kill(os.getpid(), signal.SIGKILL)

    if moves_at:
        replace, moved = Path.replace, []

        def replaced(self, target):
            if self.suffix == ".dcm":
                moved.append(target)
                if len(moved) == moves_at:
                    os.kill(os.getpid(), signal.SIGKILL)
            return replace(self, target)

        Path.replace = replaced
    done = convert.convert(Path(slide), Path(out), read_options(values), report)
    print(done.resumed_frames, done.plan.number_of_frames)

main()
"""


@pytest.fixture(scope="module")
def slide(tmp_path_factory) -> Path:
    """Return a slide of one level of 1,024 JPEG tiles."""
    tile = 256
    streams = [
        slides.encoded(item, "ycbcr420")
        for item in slides.tiles_of(slides.picture(1024, 1024), tile)
    ]
    return slides.write_tile_streams(
        tmp_path_factory.mktemp("killed") / "slide.svs",
        (EDGE, EDGE, 3),
        tile,
        list(itertools.islice(itertools.cycle(streams), (EDGE // tile) ** 2)),
        photometric="ycbcr",
        subsampling=(2, 2),
        compression="jpeg",
        compressionargs={"outcolorspace": "ycbcr"},
        resolution=(40000, 40000),
        resolutionunit="CENTIMETER",
    )


def run(
    slide: Path, out: Path, *options: str, kill_at: int = 0, moves_at: int = 0
) -> tuple[int, int]:
    """Convert, and return how many frames were there before, and how many there are."""
    done = subprocess.run(
        [sys.executable, "-c", _CODE, slide, out, str(kill_at), str(moves_at), *options],
        check=False,
        capture_output=True,
        text=True,
    )
    if kill_at or moves_at:
        assert done.returncode == -signal.SIGKILL, done.stderr
        return 0, 0
    assert done.returncode == 0, done.stderr
    before, after = map(int, done.stdout.split())
    return before, after


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def visible(folder: Path) -> list[str]:
    if not folder.exists():
        return []
    return [path.name for path in folder.iterdir() if not path.name.startswith(".")]


ROUTES = {
    "derived": ("--levels", "dyadic"),
    "coded anew": ("--levels", "dyadic", "--quality", "70"),
    "without loss": ("--levels", "dyadic", "--codec", "jxl", "--tile-size", "512"),
    "recompressed": ("--levels", "dyadic", "--codec", "jxl"),
    "also TIFF": ("--levels", "dyadic", "--dual"),
}


@pytest.mark.parametrize("route", ROUTES)
def test_killed_anywhere_the_next_run_ends_with_the_same_bytes(tmp_path, slide, route):
    options = (*ROUTES[route], "--uids", "stable")
    _, total = run(slide, tmp_path / "whole", *options)
    expected = contents(tmp_path / "whole")

    for share in (0.3, 0.85):
        out = tmp_path / f"killed at {share}"
        run(slide, out, *options, kill_at=round(share * total))
        assert visible(out) == []
        resumed, _ = run(slide, out, *options)

        assert contents(out) == expected
        assert resumed >= (share - MOST_TWICE) * total


def test_killed_several_times_it_still_ends_with_the_same_bytes(tmp_path, slide):
    options = ("--levels", "dyadic", "--quality", "60", "--uids", "stable")
    _, total = run(slide, tmp_path / "whole", *options)
    out = tmp_path / "out"

    for share in (0.1, 0.3, 0.31, 0.6, 0.95):
        run(slide, out, *options, kill_at=round(share * total))
    run(slide, out, *options)

    assert contents(out) == contents(tmp_path / "whole")


def test_at_random_moments(tmp_path, slide):
    """Not only where frames are reported: within writes, renames and flushes too."""
    command = [sys.executable, "-m", "dicomizer", "convert", "--json", str(slide)]
    options = ["--levels", "dyadic", "--quality", "60", "--uids", "stable"]
    started = time.perf_counter()
    subprocess.run([*command, str(tmp_path / "whole"), *options], check=True, capture_output=True)
    seconds = time.perf_counter() - started
    expected = contents(tmp_path / "whole")
    moments = random.Random(20261121)

    for number in range(KILLS):
        out = tmp_path / str(number)
        with subprocess.Popen([*command, str(out), *options], stdout=subprocess.DEVNULL) as killed:
            try:
                killed.wait(moments.uniform(0.2, 1) * seconds)
            except subprocess.TimeoutExpired:
                killed.kill()
        if killed.returncode:
            again = subprocess.run([*command, str(out), *options], check=False, capture_output=True)
            found = json.loads(again.stdout)
            assert "error" not in found or "already holds" in found["error"]["message"]
        assert contents(out) == expected


@pytest.mark.parametrize("moves_at", [1, 4])
def test_killed_while_files_are_moved_into_place(tmp_path, slide, moves_at):
    options = ("--levels", "dyadic", "--uids", "stable")
    _, total = run(slide, tmp_path / "whole", *options)
    out = tmp_path / "out"

    run(slide, out, *options, moves_at=moves_at)
    resumed, _ = run(slide, out, *options)

    assert resumed > 0.9 * total
    assert contents(out) == contents(tmp_path / "whole")


def test_another_conversion_completes_what_was_being_moved(tmp_path, slide):
    out = tmp_path / "out"
    options = ("--levels", "dyadic", "--uids", "stable")
    run(slide, tmp_path / "whole", *options)
    run(slide, out, *options, moves_at=3)

    done = subprocess.run(
        [sys.executable, "-m", "dicomizer", "convert", str(slide), str(out)],
        check=False,
        capture_output=True,
        text=True,
    )

    assert done.returncode == 1
    assert "already holds" in done.stderr
    whole = contents(tmp_path / "whole")
    assert {name: (out / name).read_bytes() for name in visible(out)} == whole


def test_uids_of_an_interrupted_conversion_stay_though_they_are_random(tmp_path, slide):
    out = tmp_path / "out"
    run(slide, out, "--levels", "dyadic", kill_at=1000)
    begun = json.loads(next(out.glob(".*/job.json")).read_text())

    resumed, total = run(slide, out, "--levels", "dyadic")

    assert 900 <= resumed < total
    assert begun["key"]
    assert list(out.glob(".*")) == []


@pytest.mark.parametrize("other", ["options", "slide", "machine"])
def test_what_was_left_of_something_else_is_not_continued(tmp_path, slide, other, monkeypatch):
    out, options = tmp_path / "out", ["--levels", "dyadic"]
    run(slide, out, *options, kill_at=1000)
    if other == "options":
        options += ["--quality", "70"]
    elif other == "slide":
        os.utime(slide)
    else:
        job = next(out.glob(".*/job.json"))
        job.write_text(json.dumps({**json.loads(job.read_text()), "boot": "another start"}))

    resumed, _ = run(slide, out, *options)

    assert resumed == 0
    assert list(out.glob(".*")) == []


def test_a_conversion_that_was_not_begun_by_this_user_is_not_believed(tmp_path, slide):
    out = tmp_path / "out"
    run(slide, out, "--levels", "dyadic", kill_at=1000)
    next(out.glob(".*")).chmod(0o777)

    resumed, _ = run(slide, out, "--levels", "dyadic")

    assert resumed == 0


def test_a_disk_that_is_full_when_progress_is_marked_is_told(tmp_path, slide, monkeypatch):
    """The mark, not an instance, may be what no space is left for."""
    write = Path.write_bytes

    def full(self: Path, data: bytes) -> int:
        if self.name.endswith(".state.new"):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return write(self, data)

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(TargetError, match=r"out: how far it is .*No space left.*free some space"):
        convert(slide, tmp_path / "out")
    assert not (tmp_path / "out").exists()
