# SPDX-License-Identifier: Apache-2.0
"""Stored frames over HTTP, against nginx that serves the same bytes as static files.

    PYTHONPATH=tests python tests/benchmarks/bench_serve.py [--rounds 5] [--only frames]

Needs nginx and wrk, which it does not install. In each round every case is measured in turn with
the server on one core and wrk on another, so that what else the machine does falls on all alike;
best and median over rounds are told, and their ratio to nginx in the same round.
"""

from __future__ import annotations

import argparse
import contextlib
import dataclasses
import os
import re
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Sequence
from pathlib import Path

import instances
import numpy as np
import pydicom
import simplejpeg
from pydicom.encaps import encapsulate, generate_frames
from pydicom.uid import generate_uid
from servers import command, serving
from sqlalchemy import Column, Connection, Integer, Table

from dicomizer.dicom.encapsulation import FrameIndex
from tileserver.index import Index, InstanceRecord, Metadata, StoredFrames, schema
from tileserver.index.insertion import add_all

SERVER_CORE, CLIENT_CORE = "0", "1"
CONNECTIONS = 32
SLIDES = 200
FRAMES = 50
NO_TABLE_FRAMES = 60_000
SEEDS = 1000
MULTIPART = 'multipart/related; type="application/octet-stream"; transfer-syntax=*'
NGINX = """
{user} daemon off; worker_processes {workers}; pid {folder}/nginx.pid; error_log {folder}/error.log;
events {{ worker_connections 1024; }}
http {{
  access_log {log}; default_type image/jpeg; keepalive_requests 1000000000;
  client_body_temp_path {folder}/t1; proxy_temp_path {folder}/t2; fastcgi_temp_path {folder}/t3;
  uwsgi_temp_path {folder}/t4; scgi_temp_path {folder}/t5;
  open_file_cache max=30000 inactive=600s; open_file_cache_valid 600s;
  sendfile on; tcp_nopush on;
  server {{ listen 127.0.0.1:{port} reuseport; root {folder}/files; }}
}}
"""
LUA = """
local paths = {}
for line in io.lines("%s") do paths[#paths + 1] = line end
local seed = 0
function setup(thread) seed = seed + 1; thread:set("seed", seed) end
function init(args) math.randomseed(seed) end
function request()
  return wrk.format("GET", paths[math.random(#paths)], {%s})
end
"""


@dataclasses.dataclass(frozen=True)
class Rate:
    """What was measured.

    Parameters
    ----------
    p99
        Milliseconds that 99 of 100 answers took at most.
    cpu
        Microseconds of the server's processor time for an answer; other load changes it little.
    """

    per_second: float
    p99: float
    errors: int
    cpu: float


@dataclasses.dataclass(frozen=True)
class Running:
    """A server, by its address and its first process."""

    address: str
    pid: int

    def cpu(self) -> float:
        """Return the seconds of processor time that it and its children took so far."""
        children = Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text().split()
        return sum(map(processor_time, (str(self.pid), *children)))


def processor_time(pid: str) -> float:
    """Return the seconds of processor time of a process, in its own code and in the kernel."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@dataclasses.dataclass(frozen=True)
class Case:
    """Paths asked for, at random, of a server."""

    name: str
    server: Running
    lua: Path


def wrk(case: Case, seconds: float) -> Rate:
    """Run wrk on its own core."""
    before = case.server.cpu()
    done = subprocess.run(
        ["taskset", "-c", CLIENT_CORE, "wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds:g}s",
         "--latency", "-s", str(case.lua), case.server.address],
        capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    rate = re.search(r"Requests/sec:\s+([\d.]+)", done)
    slow = re.search(r"99%\s+([\d.]+)(us|ms|s)", done)
    assert rate is not None, done
    assert slow is not None, done
    spent = (case.server.cpu() - before) * 1e6
    answers = re.search(r"(\d+) requests in", done)
    assert answers is not None, done
    bad = sum(map(int, re.findall(r"(?:Non-2xx or 3xx responses: |timeout |read )(\d+)", done)))
    unit = {"us": 1e-3, "ms": 1.0, "s": 1e3}[slow[2]]
    return Rate(float(rate[1]), float(slow[1]) * unit, bad, spent / int(answers[1]))


def script(folder: Path, name: str, paths: Sequence[str], accept: str = "image/jpeg") -> Path:
    """Write a script of wrk that asks for paths at random."""
    (folder / f"{name}.txt").write_text("\n".join(paths))
    found = folder / f"{name}.lua"
    found.write_text(LUA % (folder / f"{name}.txt", f"['Accept'] = '{accept}'"))
    return found


def tiles(source: Path | None) -> list[bytes]:
    """Return frames of about 20 KB: of a slide, or of noise over colours of stained tissue."""
    if source is not None:
        dataset = pydicom.dcmread(source)
        count = dataset.NumberOfFrames
        found = sorted(generate_frames(dataset.PixelData, number_of_frames=count), key=len)
        # From the middle on: what has tissue.
        return [frame.rstrip(b"\0") for frame in (found[count // 2 :] * FRAMES)[:FRAMES]]
    generator = np.random.default_rng(0)
    found = []
    for level in range(FRAMES):
        pixels = generator.integers(90 + level, 150 + level, (256, 256, 3), dtype=np.int16)
        stream = simplejpeg.encode_jpeg(np.minimum(pixels, 255).astype(np.uint8), quality=62)
        found.append(stream)
    return found


def build(folder: Path, frames: list[bytes]) -> list[list[str]]:
    """Write slides, and the same frames as files; return the paths of the frames by slide."""
    (folder / "in").mkdir()
    slides = []
    for number in range(SLIDES):
        # Each its own bytes, so that no cache has one for all.
        mine = [frame[:-2] + b"%04d" % number + frame[-2:] for frame in frames]
        found = instances.slide(mine, StudyInstanceUID=generate_uid())
        (folder / "in" / f"{number}.dcm").write_bytes(instances.written(found))
        path = (
            f"/dicomweb/studies/{found.StudyInstanceUID}/series/{found.SeriesInstanceUID}"
            f"/instances/{found.SOPInstanceUID}/frames"
        )
        files = folder / "nginx" / "files" / path[1:]
        files.mkdir(parents=True)
        for index, frame in enumerate(mine, 1):
            (files / str(index)).write_bytes(frame)
        slides.append([f"{path}/{index}" for index in range(1, len(mine) + 1)])
    return slides


@contextlib.contextmanager
def nginx(folder: Path, *, workers: int = 1, log: bool = True) -> Iterator[Running]:
    """Run nginx in the foreground, by default on the server's core."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    config = folder / f"{port}.conf"
    access = f"{folder}/access.log" if log else "off"
    user = "user root;" if os.geteuid() == 0 else ""  # else it has no right to the files
    config.write_text(
        NGINX.format(folder=folder, port=port, workers=workers, log=access, user=user)
    )
    cores = SERVER_CORE if workers == 1 else f"{SERVER_CORE},{CLIENT_CORE}"
    process = subprocess.Popen(
        ["taskset", "-c", cores, "nginx", "-c", str(config), "-e", f"{folder}/error.log"]
    )
    try:
        wait_for(port)
        yield Running(f"http://127.0.0.1:{port}", process.pid)
    finally:
        process.terminate()
        process.wait()


def wait_for(port: int) -> None:
    """Wait until something listens."""
    for _ in range(200):
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port)):
            return
        time.sleep(0.05)
    sys.exit(f"nothing listens on port {port}")


@contextlib.contextmanager
def ours(data: Path, workers: int = 1, *, is_pinned: bool = True) -> Iterator[Running]:
    """Run the server, by default on one core."""
    options = ("--workers", str(workers)) if workers > 1 else ()
    with serving(data, *options) as server:
        if is_pinned:
            pinned = ["taskset", "-apc", SERVER_CORE, str(server.process.pid)]
            subprocess.run(pinned, check=True, stdout=subprocess.DEVNULL)
        yield Running(server.address, server.process.pid)


def ingest(data: Path, folder: Path) -> None:
    """Store a folder of files."""
    subprocess.run(command("ingest", str(folder), "--data", str(data)), check=True)


def fill(data: Path, count: int) -> None:
    """Add instances to the index that have no files: looking up among them is the same.

    A thousand come in by the index itself; the others are copies of their rows, whatever columns
    there are, with other keys and UIDs.
    """
    index = Index(data / "index.sqlite")
    places = FrameIndex(np.arange(4, dtype=np.uint64), np.ones(4, dtype=np.uint64), {})
    with index._writing() as connection:
        before = {table: last_row(connection, table) for table in copied_tables()}
        add_all(connection, (record(number, StoredFrames.pack(places)) for number in range(SEEDS)))
        seeds = {table: last_row(connection, table) for table in before}
        for copy in range(1, count // SEEDS):
            for table, first in before.items():
                connection.exec_driver_sql(copying(table, copy), (first, seeds[table]))
    index.close()


def copied_tables() -> list[Table]:
    """Return the tables of what is stored, those that others refer to first.

    Not the one of keys for searches: no frame is looked up by it.
    """
    keys = {table: list(table.primary_key) for table in schema.tables.sorted_tables}
    return [table for table, key in keys.items() if len(key) == 1 and is_shifted(key[0])]


def last_row(connection: Connection, table: Table) -> int:
    (key,) = table.primary_key
    found = connection.exec_driver_sql(f"SELECT coalesce(max({key.name}), 0) FROM {table.name}")
    return int(found.scalar_one())


def is_shifted(column: Column[object]) -> bool:
    """Tell whether a column holds numbers of rows."""
    return isinstance(column.type, Integer) and (column.primary_key or bool(column.foreign_keys))


def copying(table: Table, copy: int) -> str:
    """Return the statement that copies the rows of the seeds."""
    (key,) = table.primary_key
    values = []
    for column in table.columns:
        if is_shifted(column):
            values.append(f"{column.name} + {copy * 1_000_000}")
        elif column.name.endswith("_uid") and column.name[:-4] in {
            *("study_instance", "series_instance", "sop_instance")
        }:
            values.append(f"{column.name} || '.{copy}'")
        else:
            values.append(column.name)
    names = ", ".join(column.name for column in table.columns)
    return (
        f"INSERT INTO {table.name} ({names}) SELECT {', '.join(values)} FROM {table.name} "
        f"WHERE {key.name} > ? AND {key.name} <= ?"
    )


def record(number: int, frames: StoredFrames) -> InstanceRecord:
    """Return what the index keeps of an instance."""
    study = f"1.2.9.{number // 10}"
    return InstanceRecord(
        study_instance_uid=study,
        series_instance_uid=f"{study}.1",
        sop_instance_uid=f"{study}.1.{number}",
        sop_class_uid=instances.WHOLE_SLIDE,
        transfer_syntax_uid="1.2.840.10008.1.2.4.50",
        key=f"{number:064x}",
        sha256=number.to_bytes(32, "big"),
        size=1000,
        study={"0020000D": {"vr": "UI", "Value": [study]}},
        series={"00080060": {"vr": "CS", "Value": ["SM"]}},
        metadata=Metadata.of_text("{}"),
        frames=frames,
    )


class Rates:
    """Rates of cases, in turn round by round, and the ratio of each to the first in its round."""

    def __init__(self, rounds: int, seconds: float) -> None:
        self._rounds, self._seconds = rounds, seconds

    def measure(self, title: str, cases: Sequence[Case]) -> None:
        """Measure cases, and print a line for each."""
        for case in cases:
            wrk(case, 2)
        rounds = [[wrk(case, self._seconds) for case in cases] for _ in range(self._rounds)]
        head = (f"{title:36}", "best/s", "typical/s", "ratio", "p99 ms", "CPU us", "by CPU", "bad")
        print("\n" + "{}{:>9}{:>11}{:>7}{:>8}{:>8}{:>8}{:>6}".format(*head))
        for case, measured in zip(cases, zip(*rounds, strict=True), strict=True):
            self._tell(case.name, measured, [of_round[0] for of_round in rounds])

    def _tell(self, name: str, measured: Sequence[Rate], first: Sequence[Rate]) -> None:
        typical = statistics.median(
            rate.per_second / other.per_second for rate, other in zip(measured, first, strict=True)
        )
        rates = [rate.per_second for rate in measured]
        cpu = min(rate.cpu for rate in measured)
        print(
            f"  {name:34}{max(rates):9,.0f}{statistics.median(rates):11,.0f}{typical:7.2f}"
            f"{min(rate.p99 for rate in measured):8.1f}{cpu:8.1f}"
            f"{min(rate.cpu for rate in first) / cpu:8.2f}{sum(r.errors for r in measured):6}",
            flush=True,
        )


@dataclasses.dataclass(frozen=True)
class Bench:
    """What all measurements share."""

    folder: Path
    data: Path
    rates: Rates
    one: Path
    many: Path
    parts: Path

    def frames(self) -> None:
        """One slide, and 200 at random, by one worker."""
        with (
            nginx(self.folder / "nginx") as peer,
            nginx(self.folder / "nginx", log=False) as silent,
            ours(self.data) as server,
        ):
            self.rates.measure(
                "stored JPEG frame, one slide",
                [
                    Case("nginx, its log on", peer, self.one),
                    Case("nginx, its log off", silent, self.one),
                    Case("ours, image/jpeg", server, self.one),
                    Case("ours, multipart octet-stream", server, self.parts),
                ],
            )
            self.rates.measure(
                f"at random over {SLIDES} slides",
                [
                    Case("ours, one slide", server, self.one),
                    Case("ours", server, self.many),
                    Case("nginx, one slide", peer, self.one),
                    Case("nginx", peer, self.many),
                ],
            )

    def index(self) -> None:
        """The same with many instances in the index."""
        for count in (50_000, 1_000_000):
            data = self.folder / f"data-{count}"
            shutil.copytree(self.data, data, copy_function=os.link)
            (data / "index.sqlite").unlink()
            shutil.copy(self.data / "index.sqlite", data)
            fill(data, count)
            with ours(self.data) as few, ours(data) as server:
                self.rates.measure(
                    f"with {count:,} more instances in the index",
                    [
                        Case("few instances, one slide", few, self.one),
                        Case(f"{count:,}, one slide", server, self.one),
                        Case(f"few instances, {SLIDES} slides", few, self.many),
                        Case(f"{count:,}, {SLIDES} slides", server, self.many),
                    ],
                )

    def workers(self) -> None:
        """Two workers; wrk has to share their cores, so that gains are small on two."""
        with (
            ours(self.data, is_pinned=False) as one,
            ours(self.data, 2, is_pinned=False) as two,
            nginx(self.folder / "nginx", workers=2) as peer,
        ):
            self.rates.measure(
                f"two workers, {SLIDES} slides",
                [
                    Case("ours, one worker", one, self.many),
                    Case("ours, two workers", two, self.many),
                    Case("nginx, two workers", peer, self.many),
                ],
            )

    def restart(self) -> None:
        """The first frame after a restart, of an instance without offset table."""
        found = instances.slide([instances.jpeg(1)] * NO_TABLE_FRAMES)
        found.PixelData = encapsulate([instances.jpeg(1)] * NO_TABLE_FRAMES, has_bot=False)
        folder, data = self.folder / "long", self.folder / "data-long"
        folder.mkdir()
        (folder / "a.dcm").write_bytes(instances.written(found))
        ingest(data, folder)
        path = (
            f"/dicomweb/studies/{found.StudyInstanceUID}/series/{found.SeriesInstanceUID}"
            f"/instances/{found.SOPInstanceUID}/frames/{NO_TABLE_FRAMES - 1}?accept=image/jpeg"
        )
        took = []
        for _ in range(5):
            with ours(data) as server:
                start = time.perf_counter()
                with urllib.request.urlopen(server.address + path) as answer:
                    assert answer.read() == instances.jpeg(1)
                took.append((time.perf_counter() - start) * 1000)
        print(
            f"\nfirst frame after a restart, {NO_TABLE_FRAMES:,} frames without offset table: "
            f"best {min(took):.1f} ms, typical {statistics.median(took):.1f} ms"
        )


def main() -> None:
    """Measure all, or what is named."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--slide", type=Path, help="JPEG instance whose frames are served")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=3)
    parser.add_argument("--only", choices=("frames", "index", "workers", "restart"), nargs="*")
    asked = parser.parse_args()
    for tool in ("nginx", "wrk", "taskset"):
        if not shutil.which(tool):
            sys.exit(f"{tool} is not installed")
    with tempfile.TemporaryDirectory(prefix="bench-serve-") as name:
        folder = Path(name)
        frames = tiles(asked.slide)
        slides = build(folder, frames)
        mean = statistics.mean(map(len, frames))
        print(f"{SLIDES} slides of {FRAMES} frames of {mean:,.0f} bytes")
        ingest(folder / "data", folder / "in")
        bench = Bench(
            folder,
            folder / "data",
            Rates(asked.rounds, asked.seconds),
            script(folder, "one", slides[0]),
            script(folder, "many", [path for slide in slides for path in slide]),
            script(folder, "parts", slides[0], MULTIPART),
        )
        # Rendered tiles come here when they are served.
        for part in asked.only or ("frames", "index", "workers", "restart"):
            getattr(bench, part)()


if __name__ == "__main__":
    main()
