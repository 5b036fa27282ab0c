# SPDX-License-Identifier: Apache-2.0
"""Frames are decoded in processes with bounds; what becomes of one never becomes of the server."""

from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from children import children_of, killed
from coded_frames import BASELINE, CASES, JPEG_2000, color
from PIL import Image

from dicomizer.pixels.codecs.errors import CodecError
from dicomizer.pixels.stored_frames import decode_stored
from tileserver.decoding import GIF, PNG, Decoders
from tileserver.decoding.limits import MOST_SAMPLES
from tileserver.decoding.process import DecoderProcess, EndedError

STREAM, DESCRIPTION, PIXELS = CASES["JPEG 2000"]


def gif(count: int) -> bytes:
    """Return a picture of frames whose colours count up."""
    frames = [Image.new("RGB", (5, 3), (number % 251, 255, 0)) for number in range(count)]
    buffer = io.BytesIO()
    frames[0].save(buffer, "GIF", save_all=True, append_images=frames[1:])
    return buffer.getvalue()


@pytest.fixture(scope="module")
def decoders() -> Iterator[Decoders]:
    made = Decoders(2)
    yield made
    made.close()


@pytest.fixture
def process() -> Iterator[DecoderProcess]:
    made = DecoderProcess()
    yield made
    made.end()


@pytest.mark.parametrize("name", CASES)
def test_every_coding_comes_out_as_in_this_process(decoders, name):
    stream, description, expected = CASES[name]

    pixels = decoders(stream, description)

    assert pixels.dtype == decode_stored(stream, description).dtype
    assert np.array_equal(pixels, expected)


@pytest.mark.parametrize("name", CASES)
def test_what_is_wrong_is_told_as_in_this_process(decoders, name):
    stream, description, _ = CASES[name]
    with pytest.raises(CodecError) as here:
        decode_stored(stream[:9], description)

    with pytest.raises(CodecError) as elsewhere:
        decoders(stream[:9], description)

    assert str(elsewhere.value) == str(here.value)


def test_frames_of_pictures_come_out_of_another_process(decoders, monkeypatch):
    png = io.BytesIO()
    Image.new("I;16", (5, 3), 4097).save(png, "PNG")
    monkeypatch.setattr("tileserver.decoding.pictures.decode_picture", None)

    found = decoders.picture(GIF, gif(2)), decoders.picture(PNG, png.getvalue())

    assert [(each.shape, each.dtype.name) for each in found] == [
        ((2, 3, 5, 3), "uint8"), ((1, 3, 5, 1), "uint16"),
    ]  # fmt: skip
    assert [each[:, 0, 0].tolist() for each in found] == [[[0, 255, 0], [1, 255, 0]], [[4097]]]


@pytest.mark.parametrize(
    ("media_type", "stream", "problem"),
    [
        (PNG, b"no picture", "found 10 bytes, expected a picture"),
        (
            GIF,
            b"GIF89a" + b"\xff\x2f" * 2,
            "found 12287 x 12287 pixels, expected at most 22,369,621",
        ),
        (GIF, b"GIF89a\5\0\0\0", "found 5 x 0 pixels"),
        (
            PNG,
            b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\5\0\0\0\3\x08\0\0\0\0",
            "the image/png is damaged",
        ),
    ],
)
def test_what_is_no_picture_is_told(decoders, media_type, stream, problem):
    with pytest.raises(CodecError, match=problem):
        decoders.picture(media_type, stream)


def test_several_threads_share_them(decoders):
    def decoded(name: str) -> bool:
        stream, description, expected = CASES[name]
        return np.array_equal(decoders(stream, description), expected)

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(decoded, [*CASES] * 8))


def test_a_frame_that_no_slide_has_is_refused_before_it_is_sent(decoders):
    huge = color(JPEG_2000, "YBR_RCT", rows=1 << 14, columns=1 << 14)
    assert huge.rows * huge.columns * huge.samples > MOST_SAMPLES

    with pytest.raises(CodecError, match="805,306,368 samples"):
        decoders(STREAM, huge)


def test_processes_are_started_when_needed_and_ended_with_the_service():
    before = set(children_of(os.getpid()))
    made = Decoders(2)
    made(CASES["native"][0], CASES["native"][1])
    assert set(children_of(os.getpid())) == before

    made(STREAM, DESCRIPTION)
    made(STREAM, DESCRIPTION)
    assert len(set(children_of(os.getpid())) - before) == 1

    made.close()
    assert set(children_of(os.getpid())) == before


def test_one_that_ended_while_idle_is_replaced_unnoticed():
    made = Decoders(1)
    before = set(children_of(os.getpid()))
    made(STREAM, DESCRIPTION)
    (first,) = set(children_of(os.getpid())) - before

    killed(first, os.getpid())

    assert np.array_equal(made(STREAM, DESCRIPTION), PIXELS)
    made.close()


def test_one_that_does_not_answer_is_ended_and_the_next_frame_is_decoded():
    patience = [60.0, 0.2, 60.0]
    made = Decoders(1, lambda _: patience.pop(0))
    before = set(children_of(os.getpid()))
    made(STREAM, DESCRIPTION)
    (stuck,) = set(children_of(os.getpid())) - before

    os.kill(stuck, signal.SIGSTOP)
    with pytest.raises(CodecError, match="longer than"):
        made(STREAM, DESCRIPTION)

    assert np.array_equal(made(STREAM, DESCRIPTION), PIXELS)
    assert stuck not in children_of(os.getpid())
    made.close()


def test_one_that_ends_over_a_frame_is_told_with_its_status(process):
    os.kill(process.pid, signal.SIGSEGV)

    with pytest.raises(EndedError, match="ended with status -11"):
        process.decode(STREAM, DESCRIPTION, seconds=60)
    assert not process.is_alive()


def test_signals_to_all_of_a_terminal_leave_it_at_its_work(process):
    process.decode(STREAM, DESCRIPTION, seconds=60)

    os.kill(process.pid, signal.SIGINT)
    os.kill(process.pid, signal.SIGTERM)

    assert np.array_equal(process.decode(STREAM, DESCRIPTION, seconds=60), PIXELS)


def test_it_ends_when_who_started_it_is_gone():
    script = (
        "from tileserver.decoding.process import DecoderProcess\n"
        "import os, signal\n"
        "print(DecoderProcess().pid, flush=True)\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False
    )
    left = int(done.stdout)

    deadline = time.monotonic() + 30
    while _is_running(left) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not _is_running(left)


def _is_running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


@pytest.mark.skipif(sys.platform != "linux", reason="bounds are read from /proc")
def test_it_has_bounds_and_knows_no_settings(monkeypatch):
    monkeypatch.setenv("TILESERVER_SECRET", "for-nobody")
    process = DecoderProcess()
    process.decode(STREAM, DESCRIPTION, seconds=60)

    limits = Path(f"/proc/{process.pid}/limits").read_text().splitlines()
    environment = Path(f"/proc/{process.pid}/environ").read_bytes()
    process.end()

    soft = {line[:26].strip(): line[26:47].strip() for line in limits}
    assert soft["Max core file size"] == "0"
    assert soft["Max file size"] == "0"
    assert int(soft["Max address space"]) < 1 << 30
    assert int(soft["Max cpu time"]) < 60
    assert b"for-nobody" not in environment


@pytest.mark.skipif(sys.platform != "linux", reason="others do not bound the address space")
def test_no_frame_takes_more_memory_than_one_of_its_size():
    script = (
        "from coded_frames import BASELINE, color\n"
        "from tileserver.decoding.limits import Limits\n"
        "limits = Limits()\n"
        "limits.allow(color(BASELINE, rows=2048, columns=2048), 0)\n"
        "bytearray(400 << 20)\n"
        "limits.allow(color(BASELINE), 0)\n"
        "try:\n"
        "    bytearray(400 << 20)\n"
        "except MemoryError:\n"
        "    print('bounded')\n"
    )
    path = os.pathsep.join(filter(None, sys.path))
    done = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": path},
    )

    assert (done.stdout, done.stderr) == ("bounded\n", "")


def test_a_progressive_frame_is_decoded_elsewhere():
    buffer = io.BytesIO()
    Image.new("RGB", (32, 24), (90, 90, 90)).save(buffer, "JPEG", progressive=True)
    made = Decoders(1)
    before = set(children_of(os.getpid()))

    pixels = made(buffer.getvalue(), color(BASELINE, "YBR_FULL_422"))

    assert np.abs(pixels.astype(int) - 90).max() < 3
    assert len(set(children_of(os.getpid())) - before) == 1
    made.close()
