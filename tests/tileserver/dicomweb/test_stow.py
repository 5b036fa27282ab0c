# SPDX-License-Identifier: Apache-2.0
"""STOW-RS stores what it can, says what it could not, and leaves nothing half stored."""

from __future__ import annotations

import gzip
import resource
import signal
import socket
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

import anyio
import httpx
import instances
import pytest
from pydicom.uid import generate_uid
from servers import BOUNDARY, STOW_TYPE, multipart

from tileserver.app import create_app
from tileserver.settings import Settings


def slide(**attributes):
    found = instances.slide([instances.jpeg(20), instances.jpeg(90)], **attributes)
    return found, instances.written(found)


def path_of(found) -> str:
    return (
        f"/studies/{found.StudyInstanceUID}/series/{found.SeriesInstanceUID}"
        f"/instances/{found.SOPInstanceUID}"
    )


def post(server, content, content_type=STOW_TYPE, study=""):
    return server.http.post(
        f"/dicomweb/studies{study}", content=content, headers={"Content-Type": content_type}
    )


def incoming(server) -> list[str]:
    return [path.name for path in (server.data / "incoming").iterdir()]


def test_a_stored_instance_is_told_and_comes_back_as_sent(server):
    found, file = slide()

    answer = server.store(file)

    root = f"{server.root}/studies/{found.StudyInstanceUID}"
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/dicom+json"
    assert answer.json() == {
        "00081190": {"vr": "UR", "Value": [root]},
        "00081199": {
            "vr": "SQ",
            "Value": [
                {
                    "00081150": {"vr": "UI", "Value": [found.SOPClassUID]},
                    "00081155": {"vr": "UI", "Value": [found.SOPInstanceUID]},
                    "00081190": {"vr": "UR", "Value": [f"{server.root}{path_of(found)}"]},
                }
            ],
        },
    }
    assert server.get(path_of(found), "application/dicom").content == file
    assert incoming(server) == []


def test_the_location_is_that_of_the_instance_or_of_the_study(server):
    (one, first), (_, second) = slide(), slide()
    sibling = instances.slide([instances.jpeg(2)], StudyInstanceUID=one.StudyInstanceUID)

    alone = server.store(first)
    together = server.store(first, instances.written(sibling))
    apart = server.store(first, second)

    assert alone.headers["location"] == f"{server.root}{path_of(one)}"
    assert together.headers["location"] == f"{server.root}/studies/{one.StudyInstanceUID}"
    assert apart.status_code == 200
    assert "location" not in apart.headers


def test_the_preamble_is_kept_byte_for_byte(server):
    found, file = slide()
    file = b"MZ" + b"\x90" * 126 + file[128:]

    assert server.store(file).status_code == 200
    answer = server.get(path_of(found), "application/dicom")
    assert answer.content == file
    assert answer.headers["content-disposition"].startswith("attachment; ")


def test_the_same_again_is_a_success(server):
    found, file = slide()

    assert [server.store(file).status_code for _ in range(2)] == [200, 200]
    assert server.store(file, file).status_code == 200
    answer = server.get(f"/studies?StudyInstanceUID={found.StudyInstanceUID}").json()
    assert answer[0]["00201208"]["Value"] == [1]


def test_other_bytes_of_a_stored_uid_are_refused(server):
    found, file = slide(PatientID="P-1")
    found.PatientID = "P-2"
    assert server.store(file).status_code == 200

    answer = server.store(instances.written(found))

    assert answer.status_code == 409
    (failure,) = answer.json()["00081198"]["Value"]
    assert failure == {
        "00081150": {"vr": "UI", "Value": [found.SOPClassUID]},
        "00081155": {"vr": "UI", "Value": [found.SOPInstanceUID]},
        "00081197": {"vr": "US", "Value": [0x0111]},
    }
    assert "00081199" not in answer.json()
    assert server.get(path_of(found), "application/dicom").content == file


def test_good_and_bad_parts_are_told_one_by_one(server):
    found, file = slide()
    broken, cut = slide()

    answer = server.store(b"no DICOM", file, cut[:-300])

    assert answer.status_code == 202
    body = answer.json()
    assert len(body["00081199"]["Value"]) == 1
    (named,) = body["00081198"]["Value"]
    assert named["00081155"]["Value"] == [broken.SOPInstanceUID]
    assert named["00081197"]["Value"] == [0xC000]
    assert body["0008119A"]["Value"] == [{"00081197": {"vr": "US", "Value": [0xC000]}}]
    assert server.get(path_of(found), "application/dicom").content == file
    assert server.get(path_of(broken)).status_code == 404
    assert incoming(server) == []


def test_an_instance_of_another_study_is_refused(server):
    found, file = slide()
    other, other_file = slide()

    answer = server.store(file, other_file, study=found.StudyInstanceUID)

    assert answer.status_code == 202
    (failure,) = answer.json()["00081198"]["Value"]
    assert failure["00081155"]["Value"] == [other.SOPInstanceUID]
    assert failure["00081197"]["Value"] == [0xA900]
    assert server.get(path_of(other)).status_code == 404


@pytest.mark.parametrize(
    "content_type",
    [
        "",
        "application/json",
        "multipart/form-data; boundary=x",
        f'multipart/related; type="text/xml"; boundary={BOUNDARY}',
    ],
)
def test_other_types_are_not_supported(server, content_type):
    answer = post(server, multipart([b"x"]), content_type)

    assert answer.status_code == 415
    assert answer.json()["error"] == "UnsupportedMediaTypeError"


def test_a_body_that_is_compressed_on_the_way_is_not_supported(server):
    answer = server.http.post(
        "/dicomweb/studies",
        content=gzip.compress(multipart([b"x"])),
        headers={"Content-Type": STOW_TYPE, "Content-Encoding": "gzip"},
    )

    assert answer.status_code == 415
    assert "Content-Encoding" in answer.json()["message"]


def test_the_log_tells_why_instances_are_not_stored(server):
    before = len(server.log.read_text())
    assert server.store(*[b"x"] * 25).status_code == 409

    log = server.log.read_text()[before:]
    assert log.count("instance not stored: InvalidInstanceError: found ") == 20
    assert "and 5 more instances not stored" in log


@pytest.mark.parametrize(
    ("content", "content_type"),
    [
        (multipart([b"x"]), 'multipart/related; type="application/dicom"'),
        (multipart([b"x"]), 'multipart/related; type="application/dicom"; boundary=""'),
        (multipart([b"x"]), f'multipart/related; type="application/dicom"; boundary={"b" * 201}'),
        (multipart([b"x"]), 'multipart/related; type="application/dicom"; boundary=other'),
        (multipart([b"x"])[:-8], STOW_TYPE),
        (b"", STOW_TYPE),
        (b"no parts at all", STOW_TYPE),
        (multipart([]), STOW_TYPE),
        (f"--{BOUNDARY}\r\nno colon\r\n\r\nx\r\n--{BOUNDARY}--".encode(), STOW_TYPE),
        (f"--{BOUNDARY}\r\nA: {'x' * 20_000}\r\n\r\nx\r\n--{BOUNDARY}--".encode(), STOW_TYPE),
        (f"--{BOUNDARY}\r\n".encode() + b"A: b\r\n" * 20_000, STOW_TYPE),
        (f"--{BOUNDARY}".encode() + b" " * 20_000, STOW_TYPE),
        (f"--{BOUNDARY} text\r\n\r\nx\r\n--{BOUNDARY}--".encode(), STOW_TYPE),
    ],
)
def test_what_is_no_multipart_is_a_bad_request(server, content, content_type):
    answer = post(server, content, content_type)

    assert answer.status_code == 400
    assert answer.json()["error"] == "BadRequestError"
    assert incoming(server) == []


def test_a_part_of_another_type_fails_alone(server):
    _, file = slide()
    body = multipart([b"<xml/>"], "text/xml").removesuffix(f"--{BOUNDARY}--\r\n".encode())

    answer = post(server, body + multipart([file]))

    assert answer.status_code == 202
    assert len(answer.json()["0008119A"]["Value"]) == 1


def test_many_parts_are_refused_within_limits(server):
    answer = post(server, multipart([b""] * 100_000))

    assert answer.status_code == 400
    assert "parts" in answer.json()["message"]
    assert incoming(server) == []


def raw_request(server, head: str, body: bytes, *, answered: bool = True) -> bytes:
    """Send bytes as they are; half-close, and return what comes back."""
    address = urlsplit(server.address)
    with socket.create_connection((address.hostname, address.port), timeout=20) as connection:
        connection.sendall(head.replace("\n", "\r\n").encode() + body)
        if not answered:
            return b""
        return connection.recv(65536)


HEAD = """POST /dicomweb/studies HTTP/1.1
Host: localhost
Content-Type: {type}
Content-Length: {length}

"""


@pytest.mark.parametrize("length", [2**63 - 1, 10**18])
def test_a_body_over_the_limit_is_refused_by_its_length(server, length):
    answer = raw_request(server, HEAD.format(type=STOW_TYPE, length=length), b"--")

    assert answer.startswith(b"HTTP/1.1 413 ")
    assert server.is_alive()


def test_a_body_without_a_length_is_refused_at_the_limit(tmp_path):
    app = create_app(Settings(data=tmp_path, max_body_bytes=100_000))

    async def endless():
        yield f"--{BOUNDARY}\r\n\r\n".encode()
        while True:
            yield bytes(10_000)

    async def send() -> httpx.Response:
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            headers = {"Content-Type": STOW_TYPE}
            return await client.post("/dicomweb/studies", content=endless(), headers=headers)

    answer = anyio.run(send)

    assert answer.status_code == 413
    assert answer.json() == {
        "error": "TooLargeError",
        "message": "a body may have 100,000 bytes",
    }
    assert list((tmp_path / "incoming").iterdir()) == []


@pytest.fixture
def small_files():
    """Let no file grow beyond 1 MiB, as on a full disk."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, limits[1]))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    signal.signal(signal.SIGXFSZ, handler)


@pytest.mark.usefixtures("small_files")
def test_a_full_disk_is_told_and_what_was_stored_before_stays(tmp_path):
    app = create_app(Settings(data=tmp_path))
    _, first = slide()
    second = instances.written(instances.native(bytes(768 * 3000), 3000))

    async def send() -> tuple[httpx.Response, httpx.Response]:
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            content, headers = multipart([first, second]), {"Content-Type": STOW_TYPE}
            answer = await client.post("/dicomweb/studies", content=content, headers=headers)
            return answer, await client.get("/dicomweb/instances")

    answer, found = anyio.run(send)

    assert answer.status_code == 202
    assert len(answer.json()["00081199"]["Value"]) == 1
    assert answer.json()["0008119A"]["Value"] == [{"00081197": {"vr": "US", "Value": [0xA700]}}]
    assert len(found.json()) == 1
    assert list((tmp_path / "incoming").iterdir()) == []


def test_a_client_that_leaves_midway_leaves_nothing(server):
    found, file = slide()
    body = multipart([file])
    head = HEAD.format(type=STOW_TYPE, length=len(body) + 100_000)

    raw_request(server, head, body[: len(body) // 2], answered=False)

    assert server.is_alive()
    assert server.get(path_of(found)).status_code == 404
    # The same study, sent whole, meets nothing that the first left.
    assert server.store(file).status_code == 200
    assert incoming(server) == []


def test_instances_of_one_study_may_come_at_once(server):
    study, series = generate_uid(), generate_uid()
    files = [slide(StudyInstanceUID=study, SeriesInstanceUID=series)[1] for _ in range(24)]

    with ThreadPoolExecutor(8) as pool:
        statuses = list(pool.map(lambda file: server.store(file).status_code, files * 2))

    assert statuses == [200] * 48
    (answer,) = server.get(f"/studies?StudyInstanceUID={study}").json()
    assert answer["00201206"]["Value"] == [1]
    assert answer["00201208"]["Value"] == [24]


def test_one_of_two_with_the_same_uid_wins(server):
    found, file = slide(PatientID="P-1")
    found.PatientID = "P-2"
    other = instances.written(found)

    with ThreadPoolExecutor(8) as pool:
        statuses = list(pool.map(lambda f: server.store(f).status_code, [file, other] * 8))

    assert sorted(set(statuses)) == [200, 409]
    assert statuses.count(200) == 8
    assert server.get(path_of(found), "application/dicom").content in (file, other)
