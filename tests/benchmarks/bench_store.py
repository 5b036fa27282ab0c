# SPDX-License-Identifier: Apache-2.0
"""STOW-RS: small instances durable per second, empty and with many stored; one large instance.

    python tests/benchmarks/bench_store.py --stored 50000 --large 2000

Clients are threads of a process of their own. Prints instances per second, one per request and
twenty, at each fill; then the time of a large instance against ``cp`` and a flush of the same
bytes, in one run, with the peak memory of the server.
"""

from __future__ import annotations

import argparse
import http.client
import os
import re
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))
sys.path.insert(0, str(Path(__file__).parents[2]))
import instances

BOUNDARY = "bench"
TYPE = f'multipart/related; type="application/dicom"; boundary={BOUNDARY}'
HEAD = f"--{BOUNDARY}\r\nContent-Type: application/dicom\r\n\r\n".encode()
END = f"--{BOUNDARY}--\r\n".encode()
SMALL = 8 << 10


class Template:
    """A small CT-like instance, with UIDs of known length that are put in their place."""

    def __init__(self) -> None:
        found = instances.native(bytes(SMALL), 1)
        found.SOPInstanceUID = "1.2.826.0.1.9" + "1" * 12
        found.SeriesInstanceUID = "1.2.826.0.1.8" + "1" * 12
        found.StudyInstanceUID = "1.2.826.0.1.7" + "1" * 12
        found.Rows, found.Columns, found.SamplesPerPixel = 64, 128, 1
        found.PhotometricInterpretation = "MONOCHROME2"
        self._file = instances.written(found)

    def instance(self, number: int) -> bytes:
        """Return an instance: 100 to a series, one series to a study."""
        file = self._file
        for digit, value in (("9", number), ("8", number // 100), ("7", number // 100)):
            old = f"1.2.826.0.1.{digit}{'1' * 12}".encode()
            file = file.replace(old, f"1.2.826.0.1.{digit}1{value:011d}".encode())
        return file


def post(connection: http.client.HTTPConnection, files: list[bytes]) -> None:
    body = b"".join(HEAD + file + b"\r\n" for file in files) + END
    connection.request("POST", "/dicomweb/studies", body, {"Content-Type": TYPE})
    answer = connection.getresponse()
    text = answer.read()
    assert answer.status == 200, (answer.status, text[:300])


def clients(port: int, first: int, count: int, threads: int, each: int) -> None:
    """Post instances over several connections; print how many a second."""
    template = Template()
    bodies = [template.instance(number) for number in range(first, first + count)]
    batches = [bodies[begin : begin + each] for begin in range(0, count, each)]
    lock = threading.Lock()

    def work() -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port)
        while True:
            with lock:
                if not batches:
                    return
                batch = batches.pop()
            post(connection, batch)

    workers = [threading.Thread(target=work) for _ in range(threads)]
    start = time.perf_counter()
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    print(count / (time.perf_counter() - start))


def small(port: int, first: int, count: int, threads: int, each: int) -> float:
    arguments = ["clients", port, first, count, threads, each]
    command = [sys.executable, __file__, *map(str, arguments)]
    return float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def large(port: int, folder: Path, megabytes: int, pid: int) -> None:
    source = folder / "large.dcm"
    found = instances.native(b"", 1)
    found.Rows, found.Columns, found.SamplesPerPixel = 1000, 1000, 1
    found.NumberOfFrames = megabytes
    head = instances.written(found)
    marker = head.rindex(b"\xe0\x7f\x10\x00")
    size = megabytes * 1_000_000
    noise = os.urandom(1_000_000)
    with source.open("wb") as file:
        file.write(head[: marker + 8] + size.to_bytes(4, "little"))
        for _ in range(megabytes):
            file.write(noise)
    start = time.perf_counter()
    subprocess.run(["cp", source, folder / "copy"], check=True)
    with (folder / "copy").open("rb") as file:
        os.fsync(file.fileno())
    copied = time.perf_counter() - start
    (folder / "copy").unlink()
    length = len(HEAD) + source.stat().st_size + 2 + len(END)
    start = time.perf_counter()
    connection = http.client.HTTPConnection("127.0.0.1", port, blocksize=1 << 20)
    connection.putrequest("POST", "/dicomweb/studies")
    connection.putheader("Content-Type", TYPE)
    connection.putheader("Content-Length", str(length))
    connection.endheaders(HEAD)
    with source.open("rb") as file:
        while piece := file.read(1 << 20):
            connection.send(piece)
    connection.send(b"\r\n" + END)
    answer = connection.getresponse()
    text = answer.read()
    stored = time.perf_counter() - start
    assert answer.status == 200, text[:300]
    status = Path(f"/proc/{pid}/status").read_text()
    peak = int(re.findall(r"VmHWM:\s+(\d+)", status)[0]) / 1024
    print(
        f"{megabytes} MB: cp and flush {copied:.2f} s, STOW {stored:.2f} s, ratio "
        f"{copied / stored:.2f}, peak memory of the server {peak:.0f} MB"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--stored", type=int, default=50_000)
    parser.add_argument("--large", type=int, default=2_000, help="MB")
    parser.add_argument("--folder", type=Path, help="on the disk that is measured")
    parser.add_argument("--threads", type=int, default=16)
    parser.add_argument("--serve", nargs="*", default=[], help="more options of the server")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=options.folder) as name:
        folder = Path(name)
        command = [sys.executable, "-m", "tileserver", "serve", "--data", str(folder / "data")]
        server = subprocess.Popen(
            [*command, "--port", "0", *options.serve],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        assert server.stdout
        port = int(re.findall(r":(\d+) ", server.stdout.readline())[0])
        try:
            if options.large:
                large(port, folder, options.large, server.pid)
            rate(port, 0, options.threads, server.pid)
            for begin in range(4000, options.stored, 10_000):
                filled = small(port, begin, min(10_000, options.stored - begin), 4, 100)
                print(f"filling from {begin:,}: {filled:.0f}/s", flush=True)
            rate(port, max(options.stored, 4000), options.threads, server.pid)
        finally:
            server.terminate()
            server.wait()


def rate(port: int, stored: int, threads: int, pid: int) -> None:
    for index, each in enumerate((1, 20)):
        before = processor_seconds(pid)
        found = small(port, stored + 2000 * index, 2000, threads, each)
        used = (processor_seconds(pid) - before) / 2000 * 1000
        print(
            f"with {stored:,} stored, {each} in a request: {found:.0f}/s, "
            f"{used:.2f} ms of processor each",
            flush=True,
        )


def processor_seconds(pid: int) -> float:
    """Return what a process and its children have used, in their own code and the kernel's."""
    found = 0.0
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text().rpartition(")")[2].split()
        except OSError:  # it ended
            continue
        if str(pid) in (path.parent.name, fields[1]):
            found += (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    return found


if __name__ == "__main__":
    if sys.argv[1:2] == ["clients"]:
        clients(*map(int, sys.argv[2:]))
    else:
        main()
