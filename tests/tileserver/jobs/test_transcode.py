# SPDX-License-Identifier: Apache-2.0
"""Jobs that recompress without loss, on a real server: what changes, what stays and why."""

from __future__ import annotations

import hashlib
import io
import time
import zipfile
from collections.abc import Iterator

import imagecodecs
import numpy as np
import pydicom
import pytest
import uploading as up
from checking import findings
from instances import SIZE, dataset, jpeg, native, written
from instances import slide as instance_of
from peers import dciodvfy
from pydicom.encaps import generate_frames
from servers import Server, parts_of, serving
from slides import write_svs

from dicomizer.pixels.codecs import jpegxl, rle

NATIVE, JPEG = "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.4.50"
JPEG_XL, JPEG_XL_OF_JPEG = "1.2.840.10008.1.2.4.110", "1.2.840.10008.1.2.4.111"
JPEG_2000, HTJ2K = "1.2.840.10008.1.2.4.90", "1.2.840.10008.1.2.4.201"
_FILES = 'multipart/related; type="application/dicom"; transfer-syntax=*'
_FRAMES = 'multipart/related; type="application/octet-stream"; transfer-syntax={}'


@pytest.fixture(scope="module")
def server(tmp_path_factory) -> Iterator[Server]:
    data = tmp_path_factory.mktemp("transcode") / "data"
    with serving(data, "--retry-seconds", "0") as running:
        yield running
    assert findings(data) == []


@pytest.fixture
def converted(server, tmp_path, request):
    """Give a function that stores a slide in a codec, each time another, and returns its study."""

    def convert(codec: str = "keep", **more) -> str:
        number = sum(map(ord, request.node.name)) % 8999
        path = write_svs(tmp_path / f"{codec}.svs", mpp=f"|MPP = 0.{1000 + number}", **more).path
        done = up.ended(server, up.uploaded(server, path, options={"codec": codec}))
        assert done["state"] == "done", done["problem"]
        return done["result"]["study"]

    return convert


def files(server: Server, study: str) -> dict[str, pydicom.FileDataset]:
    """Return all instances of a study as they are stored."""
    answer = server.get(f"/studies/{study}", _FILES)
    found = [pydicom.dcmread(io.BytesIO(body)) for _, body in parts_of(answer)]
    return {str(item.SOPInstanceUID): item for item in found}


def frames(found: pydicom.FileDataset) -> list[bytes]:
    return list(generate_frames(found.PixelData, number_of_frames=int(found.NumberOfFrames)))


def syntaxes(found: dict[str, pydicom.FileDataset]) -> list[str]:
    return sorted(str(item.file_meta.TransferSyntaxUID) for item in found.values())


def pixels(server: Server, found: pydicom.FileDataset) -> list[bytes]:
    """Return the frames of an instance uncompressed, as the server gives them."""
    numbers = ",".join(str(number) for number in range(1, int(found.NumberOfFrames) + 1))
    path = f"{below(found)}/frames/{numbers}"
    answer = server.get(path, _FRAMES.format(NATIVE))
    assert answer.status_code == 200, answer.text
    return [body for _, body in parts_of(answer)]


def below(found: pydicom.Dataset) -> str:
    return (
        f"/studies/{found.StudyInstanceUID}/series/{found.SeriesInstanceUID}"
        f"/instances/{found.SOPInstanceUID}"
    )


def transcoded(server: Server, codec: str, **below: str):
    number = up.asked(server, "transcode", parameters={**below, "codec": codec})
    return up.ended(server, number)


def attributes(found: pydicom.Dataset) -> dict[str, object]:
    """Return what must stay as it is."""
    told = found.to_json_dict()
    for tag in ("00280004", "00280006", "7FE00001", "7FE00002", "7FE00010"):
        told.pop(tag, None)
    return told


def test_jpeg_becomes_jpeg_xl_that_gives_it_back(server, converted, tmp_path):
    study = converted()
    before = files(server, study)
    decoded = {uid: pixels(server, item) for uid, item in before.items()}
    since = server.http.get("/changes?limit=1000").json()["last"]

    done = transcoded(server, "jpegxl", study=study)

    assert (done["state"], done["problem"]) == ("done", None)
    after = files(server, study)
    assert done["result"]["replaced"] == len(before) == len(after)
    assert done["result"]["bytes_after"] == sum(
        len(body) for _, body in parts_of(server.get(f"/studies/{study}", _FILES))
    )
    assert syntaxes(after) == sorted(
        JPEG_XL_OF_JPEG if syntax == JPEG else JPEG_XL for syntax in syntaxes(before)
    )
    for uid, old in before.items():
        assert attributes(after[uid]) == attributes(old)
        assert pixels(server, after[uid]) == decoded[uid]
        if old.file_meta.TransferSyntaxUID == JPEG:
            restored = [jpegxl.restore(frame) for frame in frames(after[uid])]
            assert restored == [frame.rstrip(b"\0") for frame in frames(old)]
    assert JPEG_XL_OF_JPEG in syntaxes(after)
    told = server.http.get(f"/changes?since={since}&limit=1000").json()["changes"]
    assert {(change["kind"], change["SOPInstanceUID"]) for change in told} == {
        (kind, uid) for kind in ("InstanceDeleted", "InstanceStored") for uid in before
    }


@pytest.mark.parametrize("codec", ["htj2k", "jpegxl"])
def test_the_validator_finds_nothing_in_what_was_recompressed(server, converted, tmp_path, codec):
    study = converted("jpeg2000")

    assert transcoded(server, codec, study=study)["result"]["replaced"] >= 2

    # Of a coding newer than the validator, which the slide's own history is not.
    known = "Warning - method inconsistent with Transfer Syntax - "
    for number, (_, body) in enumerate(parts_of(server.get(f"/studies/{study}", _FILES))):
        (tmp_path / "new").mkdir(exist_ok=True)
        (tmp_path / "new" / f"{number}.dcm").write_bytes(body)
    assert [line for line in dciodvfy(tmp_path / "new") if not line.startswith(known)] == []


CODERS = {
    NATIVE: None,
    "1.2.840.10008.1.2.5": rle.encode,
    "1.2.840.10008.1.2.4.80": lambda pixels: bytes(imagecodecs.jpegls_encode(pixels)),
    JPEG_2000: lambda pixels: bytes(
        imagecodecs.jpeg2k_encode(pixels, level=0, codecformat="j2k", reversible=True)
    ),
    HTJ2K: lambda pixels: bytes(imagecodecs.htj2k_encode(pixels, reversible=True)),
}


def test_a_study_of_all_codings_without_loss_becomes_htj2k_and_jpeg_xl(server):
    shades = np.random.default_rng(9).integers(0, 256, (3, SIZE, SIZE, 3), dtype=np.uint8)
    told = {"StudyInstanceUID": "1.2.840.80.1", "SeriesInstanceUID": "1.2.840.80.2"}
    for syntax, encode in CODERS.items():
        color = "YBR_RCT" if syntax in (JPEG_2000, HTJ2K) else "RGB"
        if encode is None:
            found = native(shades.tobytes(), 3, PhotometricInterpretation=color, **told)
        else:
            coded = [encode(frame) for frame in shades]
            found = instance_of(coded, syntax, PhotometricInterpretation=color, **told)
        assert server.store(written(found)).status_code == 200
    before = files(server, "1.2.840.80.1")
    assert syntaxes(before) == sorted(CODERS)

    for codec, syntax, color in (("htj2k", HTJ2K, "YBR_RCT"), ("jpegxl", JPEG_XL, "RGB")):
        done = transcoded(server, codec, study="1.2.840.80.1")

        assert done["result"]["replaced"] == (4 if codec == "htj2k" else 5), done["problem"]
        after = files(server, "1.2.840.80.1")
        assert set(syntaxes(after)) == {syntax}
        for uid, item in after.items():
            assert item.PhotometricInterpretation == color
            assert attributes(item) == attributes(before[uid])
            assert pixels(server, item) == [frame.tobytes() for frame in shades]


def test_a_slide_without_loss_becomes_htj2k_and_then_jpeg_xl(server, converted):
    study = converted("jpegls")
    before = files(server, study)
    decoded = {uid: pixels(server, item) for uid, item in before.items()}

    for codec, syntaxes_then in (("htj2k", {HTJ2K, JPEG}), ("jpegxl", {JPEG_XL, JPEG_XL_OF_JPEG})):
        done = transcoded(server, codec, study=study)

        assert done["state"] == "done", done["problem"]
        after = files(server, study)
        assert set(syntaxes(after)) == syntaxes_then
        for uid, item in after.items():
            assert attributes(item) == attributes(before[uid])
            assert pixels(server, item) == decoded[uid]


def test_lossy_jpeg_stays_where_htj2k_is_asked_for_and_the_log_says_why(server, converted):
    study = converted()
    before = files(server, study)

    done = transcoded(server, "htj2k", study=study)

    after = files(server, study)
    kept = [uid for uid in before if before[uid].file_meta.TransferSyntaxUID == JPEG]
    assert kept
    assert all(after[uid].PixelData == before[uid].PixelData for uid in kept)
    reason = "it is coded with loss; its pixels as HTJ2K would take more room"
    assert done["result"]["reasons"] == {reason: len(kept)}
    assert done["result"]["replaced"] + done["result"]["left"] == len(before)
    log = up.log(server, done["id"])
    assert {line for line in log if reason in line} == {
        f"{uid} stays as it is: {reason}" for uid in kept
    }


def test_what_is_recompressed_already_and_what_has_no_pixels_stays(server):
    study = "1.2.840.77.1"
    plain = dataset(StudyInstanceUID=study, SeriesInstanceUID="1.2.840.77.2")
    grey = native(
        bytes(range(256)) * 3, 1, StudyInstanceUID=study, SeriesInstanceUID="1.2.840.77.3"
    )
    grey.PhotometricInterpretation = "RGB"
    assert server.store(written(plain), written(grey)).status_code == 200
    assert server.http.put(f"/api/protected/{study}").status_code == 204

    first = transcoded(server, "htj2k", study=study)["result"]
    second = transcoded(server, "htj2k", study=study)["result"]

    assert (first["replaced"], first["reasons"]) == (1, {"it has no pixels": 1})
    assert (second["replaced"], second["bytes_after"]) == (0, 0)
    assert second["reasons"] == {"it has no pixels": 1, "it is HTJ2K already": 1}


def test_one_instance_is_recompressed_and_caches_are_told(server, converted):
    study = converted("jpeg2000")
    found = files(server, study)
    uid, other = (uid for uid in found if found[uid].file_meta.TransferSyntaxUID == JPEG_2000)
    found = found[uid]
    path, series = below(found), found.SeriesInstanceUID
    frame = server.get(f"{path}/frames/1", _FRAMES.format("*"))
    metadata = server.get(f"{path}/metadata", "application/dicom+json")

    done = transcoded(server, "htj2k", study=study, series=series, instance=uid)

    assert done["result"]["replaced"] == 1
    after = files(server, study)
    assert after[uid].file_meta.TransferSyntaxUID == HTJ2K
    assert after[other].file_meta.TransferSyntaxUID != HTJ2K
    tag = {"If-None-Match": frame.headers["etag"]}
    again = server.get(f"{path}/frames/1", _FRAMES.format("*"), **tag)
    assert (again.status_code, again.headers["etag"]) != (304, frame.headers["etag"])
    (told, body), = parts_of(again)  # fmt: skip
    assert HTJ2K in told["Content-Type"]
    assert body.rstrip(b"\0") == frames(after[uid])[0].rstrip(b"\0")
    tag = {"If-None-Match": metadata.headers["etag"]}
    assert server.get(f"{path}/metadata", "application/dicom+json", **tag).status_code == 200


def test_a_damaged_frame_fails_the_job_and_all_stays(server):
    """The other instances of the study are recompressed all the same."""
    streams = [jpeg(1), jpeg(2)[:300], jpeg(3)]
    bad = instance_of(streams, StudyInstanceUID="1.2.840.78.1", SeriesInstanceUID="1.2.840.78.2")
    good = instance_of([jpeg(1)], StudyInstanceUID="1.2.840.78.1", SeriesInstanceUID="1.2.840.78.2")
    file = written(bad)
    assert server.store(file, written(good)).status_code == 200

    failed = transcoded(server, "jpegxl", study="1.2.840.78.1")

    assert failed["state"] == "failed"
    assert failed["problem"].startswith(
        f"1 of 2 instances are left: {bad.SOPInstanceUID}: frame 2: "
    )
    answer = server.get(below(bad), _FILES)
    assert [body for _, body in parts_of(answer)] == [file]
    assert files(server, "1.2.840.78.1")[good.SOPInstanceUID].file_meta.TransferSyntaxUID == (
        JPEG_XL_OF_JPEG
    )


def test_a_file_that_the_disk_has_changed_is_not_taken_for_the_original(server):
    found = native(bytes(SIZE * SIZE * 3), 1, PhotometricInterpretation="RGB")
    assert server.store(written(found)).status_code == 200
    name = hashlib.sha256(found.SOPInstanceUID.encode()).hexdigest()
    (path,) = (path for path in server.data.rglob("*") if name in path.name)
    whole = path.read_bytes()
    path.write_bytes(whole[:-1] + b"\1")

    failed = transcoded(server, "htj2k", study=found.StudyInstanceUID)

    path.write_bytes(whole)
    assert (failed["state"], failed["problem"]) == (
        "failed",
        f"{found.SOPInstanceUID}: its file is not as it was stored; see tileserver check",
    )
    assert syntaxes(files(server, found.StudyInstanceUID)) == [NATIVE]


def test_a_rule_recompresses_what_comes_and_then_rests(tmp_path):
    rule = (
        '[[rule]]\nname = "room"\non = "series stable"\nstable_seconds = 1\n'
        'job = { kind = "transcode", level = "series", parameters = { codec = "jpegxl" } }\n'
    )
    (tmp_path / "rules.toml").write_text(rule)
    found = instance_of([jpeg(1), jpeg(2)])
    with serving(tmp_path / "data", "--rules", str(tmp_path / "rules.toml")) as server:
        assert server.store(written(found)).status_code == 200
        until = time.monotonic() + 60
        while len(jobs := server.http.get("/api/jobs").json()["jobs"]) < 2:
            assert time.monotonic() < until, jobs
            time.sleep(0.05)
        replaced = [up.ended(server, job["id"])["result"]["replaced"] for job in jobs]

        assert replaced == [0, 1]  # the newest first: it found all done, and changed nothing
        assert syntaxes(files(server, found.StudyInstanceUID)) == [JPEG_XL_OF_JPEG]


def test_a_cancelled_job_leaves_each_instance_whole(server, converted):
    study = converted("none", size=(2000, 1500))
    before = files(server, study)
    decoded = {uid: pixels(server, item) for uid, item in before.items()}
    number = up.asked(server, "transcode", parameters={"study": study, "codec": "jpegxl"})
    while up.job(server, number)["progress"]["done"] == 0:
        assert up.job(server, number)["state"] in ("waiting", "running")

    server.http.post(f"/api/jobs/{number}/cancel")

    assert up.ended(server, number)["state"] == "cancelled"
    assert not (server.data / "jobs" / str(number)).exists()
    after = files(server, study)
    assert {uid: pixels(server, item) for uid, item in after.items()} == decoded
    assert set(syntaxes(after)) <= {*syntaxes(before), JPEG_XL, JPEG_XL_OF_JPEG}


def test_what_became_jpeg_xl_is_exported_as_a_file_set(server, converted, tmp_path):
    """Of two of the transfer syntaxes of JPEG XL, none of which pydicom knows."""
    study = converted()
    assert transcoded(server, "jpegxl", study=study)["state"] == "done"
    wanted = {
        uid: str(item.file_meta.TransferSyntaxUID) for uid, item in files(server, study).items()
    }
    assert set(wanted.values()) == {JPEG_XL, JPEG_XL_OF_JPEG}

    done = up.ended(server, up.asked(server, "export", parameters={"study": study}))

    assert (done["state"], done["problem"]) == ("done", None)
    packed = server.http.get(f"/api/jobs/{done['id']}/result").content
    zipfile.ZipFile(io.BytesIO(packed)).extractall(tmp_path / "media")
    records = pydicom.dcmread(tmp_path / "media" / "DICOMDIR").DirectoryRecordSequence
    places = {item.seq_item_tell for item in records}
    offsets = {item.OffsetOfTheNextDirectoryRecord for item in records}
    offsets |= {item.OffsetOfReferencedLowerLevelDirectoryEntity for item in records}
    assert offsets - {0} == places - {min(places)}
    listed = [item for item in records if item.DirectoryRecordType == "IMAGE"]
    assert {
        str(item.ReferencedSOPInstanceUIDInFile): str(item.ReferencedTransferSyntaxUIDInFile)
        for item in listed
    } == wanted
    for item in listed:
        found = pydicom.dcmread(tmp_path.joinpath("media", *item.ReferencedFileID))
        assert found.SOPInstanceUID == item.ReferencedSOPInstanceUIDInFile
        assert found.file_meta.TransferSyntaxUID == wanted[found.SOPInstanceUID]
        assert len(frames(found)) == found.NumberOfFrames


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"study": "1.2"}, "the parameter 'codec' is missing; expected htj2k or jpegxl"),
        ({"study": "1.2", "codec": "jpeg"}, "codec: expected htj2k or jpegxl"),
        ({"codec": "htj2k"}, "the parameter 'study' is missing"),
        ({"study": "1.2", "instance": "1.3", "codec": "htj2k"}, "an instance needs the series"),
    ],
)
def test_what_makes_no_sense_is_refused(server, parameters, message):
    answer = server.http.post("/api/jobs", json={"kind": "transcode", "parameters": parameters})

    assert answer.status_code == 400
    assert message in answer.json()["message"]


def test_what_is_not_there_fails(server):
    assert transcoded(server, "htj2k", study="1.2.99")["problem"] == "there is no such study"
