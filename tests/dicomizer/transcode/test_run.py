# SPDX-License-Identifier: Apache-2.0
"""Files recompressed without loss: from each coding, what is kept, and what is refused."""

from __future__ import annotations

import io
from pathlib import Path

import imagecodecs
import numpy as np
import pydicom
import pytest
import simplejpeg
from instances import item
from pydicom.dataset import FileDataset, FileMetaDataset
from pydicom.encaps import encapsulate, generate_frames
from pydicom.uid import UID

from dicomizer.dicom.encapsulation import extended_offset_table
from dicomizer.errors import DicomizerError
from dicomizer.pixels.codecs import jpegxl, rle
from dicomizer.transcode import Target, UnfitError, transcode

ROWS, COLUMNS, FRAMES = 40, 56, 5
IMPLICIT, NATIVE, BIG_ENDIAN = "1.2.840.10008.1.2", "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.2"
JPEG, JPEG_LS, JPEG_LS_LOSSY = (f"1.2.840.10008.1.2.4.{end}" for end in (50, 80, 81))
JPEG_2000, JPEG_2000_LOSSY = (f"1.2.840.10008.1.2.4.{end}" for end in (90, 91))
JPEG_XL, JPEG_XL_OF_JPEG = (f"1.2.840.10008.1.2.4.{end}" for end in (110, 111))
HTJ2K, RLE, LOSSLESS_JPEG = (
    "1.2.840.10008.1.2.4.201",
    "1.2.840.10008.1.2.5",
    "1.2.840.10008.1.2.4.70",
)
_JPEG_XL = (JPEG_XL, JPEG_XL_OF_JPEG)
_RANDOM = np.random.default_rng(3)
COLOR = _RANDOM.integers(0, 256, (FRAMES, ROWS, COLUMNS, 3), dtype=np.uint8)
DEEP = _RANDOM.integers(0, 1 << 16, (FRAMES, ROWS, COLUMNS), dtype=np.uint16)


def lossless_2000(pixels):
    return bytes(imagecodecs.jpeg2k_encode(pixels, level=0, codecformat="j2k", reversible=True))


def jpegs(**options) -> list[bytes]:
    return [simplejpeg.encode_jpeg(np.ascontiguousarray(frame // 4), **options) for frame in COLOR]


CODERS = {
    JPEG_LS: lambda pixels: bytes(imagecodecs.jpegls_encode(pixels)),
    JPEG_2000: lossless_2000,
    HTJ2K: lambda pixels: bytes(imagecodecs.htj2k_encode(pixels, reversible=True)),
    JPEG_XL: lambda pixels: bytes(imagecodecs.jpegxl_encode(pixels, lossless=True)),
    RLE: lambda pixels: rle.encode(pixels.reshape(ROWS, COLUMNS, -1)),
    LOSSLESS_JPEG: lambda pixels: bytes(
        imagecodecs.jpeg8_encode(pixels, lossless=True, bitspersample=16)
    ),
}


def built(syntax: str, pixels=COLOR, frames: list[bytes] | None = None, **attributes) -> bytes:
    """Return a file of frames in a transfer syntax."""
    found = FileDataset(
        "", {}, file_meta=FileMetaDataset(), preamble=b"#!/bin/sh\n".ljust(128, b"\0")
    )
    # pydicom writes no JPEG XL.
    found.file_meta.TransferSyntaxUID = UID(HTJ2K if syntax in _JPEG_XL else syntax)
    found.file_meta.SourceApplicationEntityTitle = "SCANNER"
    found.SOPClassUID = found.file_meta.MediaStorageSOPClassUID = "1.2.840.10008.5.1.4.1.1.77.1.6"
    found.SOPInstanceUID = found.file_meta.MediaStorageSOPInstanceUID = "1.2.3"
    found.PatientName = "Müller^Jürgen"
    found.SpecificCharacterSet = "ISO_IR 192"
    found.ImagedVolumeWidth = 12.5
    found.LossyImageCompression = "00"
    found.Rows, found.Columns, found.NumberOfFrames = ROWS, COLUMNS, FRAMES
    found.SamplesPerPixel = 3 if pixels.ndim == 4 else 1
    found.PhotometricInterpretation = "RGB" if pixels.ndim == 4 else "MONOCHROME2"
    if pixels.ndim == 4:
        found.PlanarConfiguration = 0
    found.BitsAllocated = found.BitsStored = 8 * pixels.itemsize
    found.HighBit = found.BitsStored - 1
    found.PixelRepresentation = 0
    found.OpticalPathSequence = [item(OpticalPathIdentifier="1", ICCProfile=b"profile!")]
    block = found.private_block(0x0099, "COVERSLIP TEST", create=True)
    block.add_new(1, "UN", b"\1\2\3\4")
    for keyword, value in attributes.items():
        setattr(found, keyword, value)
    if frames is None and syntax in CODERS:
        frames = [CODERS[syntax](frame) for frame in pixels]
    found.PixelData = encapsulate(frames) if frames else pixels.tobytes()
    found["PixelData"].VR = "OB" if frames or pixels.itemsize == 1 else "OW"
    buffer = io.BytesIO()
    pydicom.dcmwrite(
        buffer, found, implicit_vr=syntax == IMPLICIT, little_endian=syntax != BIG_ENDIAN
    )
    stands = HTJ2K if syntax in _JPEG_XL else syntax
    return buffer.getvalue().replace(stands.encode(), syntax.encode(), 1)


@pytest.fixture
def recompressed(tmp_path):
    """Recompress a file, and return the new one."""

    def recompress(data: bytes, target: Target, **options) -> tuple[Path, list[tuple]]:
        old, new, steps = tmp_path / "old.dcm", tmp_path / "new.dcm", []
        old.write_bytes(data)
        with old.open("rb") as file, new.open("w+b") as out:
            done = transcode(file, out, target, lambda *step: steps.append(step), **options)
        assert done.size == new.stat().st_size
        assert done.number_of_frames == FRAMES
        assert old.read_bytes() == data
        return new, steps

    return recompress


def frames_of(path: Path) -> list[bytes]:
    return list(generate_frames(pydicom.dcmread(path).PixelData, number_of_frames=FRAMES))


def decoded(path: Path):
    """Decode with the libraries themselves, not by what the code under test uses."""
    syntax = pydicom.dcmread(path, stop_before_pixels=True).file_meta.TransferSyntaxUID
    decode = imagecodecs.jpegxl_decode if syntax == JPEG_XL else imagecodecs.jpeg2k_decode
    return np.stack([decode(frame) for frame in frames_of(path)])


CASES = {
    "native": (NATIVE, COLOR, {}),
    "implicit VR": (IMPLICIT, COLOR, {}),
    "planes": (NATIVE, COLOR.transpose(0, 3, 1, 2), {
        "SamplesPerPixel": 3, "PhotometricInterpretation": "RGB", "PlanarConfiguration": 1,
    }),
    "native, 16 bits": (NATIVE, DEEP, {}),
    "RLE": (RLE, COLOR, {}),
    "RLE, 16 bits": (RLE, DEEP, {}),
    "JPEG-LS": (JPEG_LS, COLOR, {}),
    "JPEG 2000": (JPEG_2000, COLOR, {"PhotometricInterpretation": "YBR_RCT"}),
    "JPEG 2000, 16 bits": (JPEG_2000, DEEP, {}),
    "lossless JPEG": (LOSSLESS_JPEG, DEEP, {}),
}  # fmt: skip


@pytest.mark.parametrize("target", Target)
@pytest.mark.parametrize("case", [*CASES, "HTJ2K", "JPEG XL"])
def test_samples_stay_the_same(recompressed, case, target):
    others = {"HTJ2K": (HTJ2K, COLOR, {"PhotometricInterpretation": "YBR_RCT"}),
              "JPEG XL": (JPEG_XL, COLOR, {})}  # fmt: skip
    syntax, pixels, attributes = {**CASES, **others}[case]
    if (case, target) in (("HTJ2K", Target.HTJ2K), ("JPEG XL", Target.JPEG_XL)):
        with pytest.raises(UnfitError, match=r"it is .* already$"):
            recompressed(built(syntax, pixels, **attributes), target)
        return

    path, steps = recompressed(built(syntax, pixels, **attributes), target)

    expected = DEEP if pixels is DEEP else COLOR
    assert np.array_equal(decoded(path), expected)
    found = pydicom.dcmread(path)
    assert (
        found.file_meta.TransferSyntaxUID == {Target.HTJ2K: HTJ2K, Target.JPEG_XL: JPEG_XL}[target]
    )
    color = "YBR_RCT" if target is Target.HTJ2K else "RGB"
    assert found.PhotometricInterpretation == ("MONOCHROME2" if pixels is DEEP else color)
    assert found.get("PlanarConfiguration") == (None if pixels is DEEP else 0)
    assert [step[1:] for step in steps] == [(done + 1, 10) for done in range(10)]


def test_all_else_stays_byte_for_byte(recompressed):
    data = built(JPEG_LS)
    path, _ = recompressed(data, Target.HTJ2K)

    new = path.read_bytes()
    begin, end = data.index(b"\x08\0\x05\0CS"), data.index(b"\xe0\x7f\x10\0OB")
    kept = data[begin:end].replace(b"\x28\0\x04\0CS\x04\0RGB ", b"\x28\0\x04\0CS\x08\0YBR_RCT ")
    assert new[new.index(b"\x08\0\x05\0CS") : new.index(b"\xe0\x7f\x10\0OB")] == kept
    meta = pydicom.dcmread(path).file_meta
    assert new[:132] == data[:132]
    assert meta.ImplementationVersionName.startswith("COVERSLIP_")
    assert meta.SourceApplicationEntityTitle == "SCANNER"


def test_a_jpeg_stream_comes_back_to_the_byte(recompressed):
    streams = jpegs(quality=80, colorsubsampling="420")
    attributes = {"PhotometricInterpretation": "YBR_FULL_422", "LossyImageCompression": "01"}
    data = built(JPEG, frames=streams, **attributes)

    path, _ = recompressed(data, Target.JPEG_XL)

    found = pydicom.dcmread(path)
    assert found.file_meta.TransferSyntaxUID == JPEG_XL_OF_JPEG
    assert found.PhotometricInterpretation == "YBR_FULL_422"
    assert [jpegxl.restore(frame) for frame in frames_of(path)] == streams
    assert any(len(stream) % 2 for stream in streams)  # of odd length, which was padded


def test_offsets_of_64_bits_are_made_anew(recompressed):
    frames = [CODERS[JPEG_LS](frame) for frame in COLOR]
    lengths = np.array([len(frame) + len(frame) % 2 for frame in frames], np.uint64)
    offsets, sizes = extended_offset_table(lengths)
    data = built(JPEG_LS, frames=frames, ExtendedOffsetTable=offsets,
                 ExtendedOffsetTableLengths=sizes)  # fmt: skip

    path, _ = recompressed(data, Target.HTJ2K)

    found = pydicom.dcmread(path)
    assert "ExtendedOffsetTable" not in found  # the pixels are short
    assert np.array_equal(decoded(path), COLOR)


def test_frames_of_several_fragments_are_one_each(recompressed):
    frames = [CODERS[JPEG_LS](frame) for frame in COLOR]
    found = pydicom.dcmread(io.BytesIO(built(JPEG_LS, frames=frames)))
    found.PixelData = encapsulate(frames, fragments_per_frame=3)
    buffer = io.BytesIO()
    found.save_as(buffer)

    path, _ = recompressed(buffer.getvalue(), Target.JPEG_XL, threads=1)

    assert np.array_equal(decoded(path), COLOR)


def test_trailing_padding_goes(recompressed):
    padding = b"\xfc\xff\xfc\xffOB\0\0\x08\0\0\0not read"

    path, _ = recompressed(built(JPEG_LS) + padding, Target.HTJ2K)

    assert b"not read" not in path.read_bytes()


@pytest.mark.parametrize("head", [b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"])
def test_what_is_a_tiff_as_well_stays(recompressed, head):
    with pytest.raises(UnfitError, match="a TIFF as well"):
        recompressed(head + built(JPEG_LS)[4:], Target.HTJ2K)


REFUSED = {
    "lossy JPEG to HTJ2K": (JPEG, Target.HTJ2K, {"frames": [b"\xff\xd8"] * 5}, "with loss"),
    "lossy JPEG 2000": (JPEG_2000_LOSSY, Target.JPEG_XL, {"frames": [b"x"] * 5}, "with loss"),
    "lossy JPEG-LS": (JPEG_LS_LOSSY, Target.HTJ2K, {"frames": [b"x"] * 5}, "with loss"),
    "JPEG XL of JPEG to HTJ2K": (JPEG_XL_OF_JPEG, Target.HTJ2K, {"frames": [b"x"] * 5}, "loss"),
    "big endian": (BIG_ENDIAN, Target.HTJ2K, {}, "big endian"),
    "MPEG": ("1.2.840.10008.1.2.4.102", Target.HTJ2K, {"frames": [b"x"]}, "not recompressed"),
    "12 bits": (NATIVE, Target.HTJ2K, {"pixels": DEEP >> 4, "BitsStored": 12, "HighBit": 11},
                "12 bits of 16"),
    "signed": (NATIVE, Target.HTJ2K, {"pixels": DEEP, "PixelRepresentation": 1}, "signed"),
    "YBR": (NATIVE, Target.HTJ2K, {"PhotometricInterpretation": "YBR_FULL"}, "colours are YBR"),
    "palette": (NATIVE, Target.JPEG_XL, {"pixels": DEEP, "PhotometricInterpretation":
                "PALETTE COLOR"}, "palette"),
    "icon": (JPEG_LS, Target.HTJ2K, {"IconImageSequence": [item(Rows=1)]}, "an icon"),
    "RGB that would be darker": (JPEG, Target.JPEG_XL, {"frames": [
        bytes(imagecodecs.jpeg8_encode(COLOR[0], 70, colorspace="rgb", outcolorspace="rgb"))] * 5},
        "levels darker"),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_what_stays_as_it_is_is_told_why(recompressed, case):
    syntax, target, changes, reason = REFUSED[case]

    with pytest.raises(UnfitError, match=reason):
        recompressed(built(syntax, **changes), target)


def test_a_signature_behind_the_pixels_is_kept_whole(recompressed):
    signature = b"\xfa\xff\xfa\xffSQ\0\0\0\0\0\0"

    with pytest.raises(UnfitError, match="signature"):
        recompressed(built(JPEG_LS) + signature, Target.HTJ2K)


def test_what_has_no_pixels_stays(recompressed):
    data = built(NATIVE)

    with pytest.raises(UnfitError, match="no pixels"):
        recompressed(data[: data.index(b"\xe0\x7f\x10\0OB")], Target.HTJ2K)


@pytest.mark.parametrize("target", Target)
def test_a_damaged_frame_is_told_by_its_number(recompressed, target):
    frames = [CODERS[JPEG_LS](frame) for frame in COLOR]
    frames[2] = frames[2][:200]

    with pytest.raises(DicomizerError, match=r"^frame 3: ") as caught:
        recompressed(built(JPEG_LS, frames=frames), target)

    assert not isinstance(caught.value, UnfitError)


def test_a_damaged_jpeg_is_no_jpeg_that_stays(recompressed):
    streams = jpegs(quality=80, colorsubsampling="420")
    streams[4] = streams[4][: len(streams[4]) // 2]

    with pytest.raises(DicomizerError, match=r"^frame 5: ") as caught:
        recompressed(built(JPEG, frames=streams, PhotometricInterpretation="YBR_FULL_422"),
                     Target.JPEG_XL)  # fmt: skip

    assert not isinstance(caught.value, UnfitError)


def test_a_codec_that_lies_is_found_out(recompressed, monkeypatch):
    """What is compared is what stands in the file."""
    from dicomizer.pixels.codecs import encode

    honest = encode.encoder

    def lying(*arguments):
        from dataclasses import replace

        made = honest(*arguments)
        return replace(made, encode=lambda pixels: made.encode(pixels ^ (pixels == 7)))

    monkeypatch.setattr(encode, "encoder", lying)

    with pytest.raises(DicomizerError, match="frame 1: the new frame does not give back"):
        recompressed(built(NATIVE), Target.HTJ2K)


def test_lengths_of_groups_that_would_be_untrue_go(recompressed):
    data = built(JPEG_LS)
    length = b"\x28\0\0\0UL\x04\0\x10\0\0\0"
    first = data.index(b"\x28\0\x02\0US")

    path, _ = recompressed(data[:first] + length + data[first:], Target.HTJ2K)

    assert length[:8] not in path.read_bytes()
    assert np.array_equal(decoded(path), COLOR)
