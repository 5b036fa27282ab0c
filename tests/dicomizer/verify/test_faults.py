# SPDX-License-Identifier: Apache-2.0
"""Each fault that is planted into a conversion is found, and told where it is."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pydicom
import pytest
import simplejpeg
import slides
from jpeg_bits import with_changed_coefficient
from pydicom.dataset import FileDataset
from pydicom.encaps import encapsulate, generate_frames

from dicomizer.convert import convert
from dicomizer.dicom.metadata import Container, Patient, SlideMetadata
from dicomizer.errors import SourceError
from dicomizer.options import ConvertOptions, Levels, OnBadTile
from dicomizer.pixels.codecs.codec import Codec
from dicomizer.slide import SpacingMm
from dicomizer.verify import Verdict, Verification, VerifyOptions, verify


class Converted:
    """A slide, and its conversion, to be changed."""

    def __init__(self, slide: Path, folder: Path) -> None:
        self.slide = slide
        self.folder = folder

    def verified(self, options: VerifyOptions | None = None) -> Verification:
        return verify(self.slide, self.folder, options)

    def change(self, name: str, by: Callable[[FileDataset], None]) -> None:
        path = self.folder / f"{name}.dcm"
        found = pydicom.dcmread(path)
        by(found)
        pydicom.dcmwrite(path, found, implicit_vr=False, little_endian=True, force_encoding=True)

    def change_frames(self, name: str, by: Callable[[list[bytes]], None]) -> None:
        def change(found: FileDataset) -> None:
            frames = list(generate_frames(found.PixelData, number_of_frames=found.NumberOfFrames))
            by(frames)
            with_frames(found, frames)

        self.change(name, change)


def with_frames(found: FileDataset, frames: list[bytes]) -> None:
    found.NumberOfFrames = len(frames)
    found.PixelData = encapsulate(frames)
    for keyword in ("ExtendedOffsetTable", "ExtendedOffsetTableLengths"):
        if keyword in found:
            del found[keyword]


@pytest.fixture
def make(tmp_path) -> Callable[..., Converted]:
    """Give a function that builds a slide and converts it."""

    def made(options: ConvertOptions | None = None, **values: object) -> Converted:
        built = slides.write_svs(tmp_path / "slide.svs", **values)
        convert(built.path, tmp_path / "out", options)
        return Converted(built.path, tmp_path / "out")

    return made


def told(found: Verification) -> Iterator[str]:
    assert not found.is_same
    yield from map(str, found.differences)


def verdicts(found: Verification) -> dict[str, Verdict]:
    return {image.name: image.verdict for image in found.images}


def swap(frames: list[bytes]) -> None:
    frames[1], frames[7] = frames[7], frames[1]


def blank(frames: list[bytes]) -> None:
    frames[2] = simplejpeg.encode_jpeg(np.full((64, 64, 3), 255, np.uint8))


def test_nothing_changed_is_the_same(make):
    found = make().verified()

    assert found.is_same
    assert set(verdicts(found).values()) == {Verdict.BIT_FOR_BIT}
    assert list(verdicts(found)) == ["level 0", "level 1", "thumbnail", "label", "overview"]


@pytest.mark.parametrize("color", ["ycbcr420", "ycbcr444", "rgb"])
def test_one_changed_coefficient_in_one_frame(make, color):
    converted = make(color=color)

    def change(frames: list[bytes]) -> None:
        before = simplejpeg.decode_jpeg(frames[4]).astype(int)
        frames[4] = with_changed_coefficient(frames[4])
        changed = np.argwhere(simplejpeg.decode_jpeg(frames[4]) != before)
        assert len(changed)
        assert np.ptp(changed[:, 0]) < 8

    converted.change_frames("level-0", change)
    found = converted.verified()

    (line,) = told(found)
    assert line.startswith("level 0: frame 5: expected the frame of the slide, found another: ")
    (level, *others) = found.images
    assert (level.verdict, level.bad_frames) == (Verdict.DIFFERENT, 1)
    assert level.largest_error > 0
    assert all(image.verdict is Verdict.BIT_FOR_BIT for image in others)


def test_two_tiles_swapped(make):
    converted = make()

    converted.change_frames("level-0", swap)

    assert list(told(converted.verified())) == [
        "level 0: frame 2: expected the frame of the slide, found that of frame 8",
        "level 0: frame 8: expected the frame of the slide, found that of frame 2",
    ]


def test_two_tiles_swapped_in_a_derived_level(make):
    converted = make(ConvertOptions(levels=Levels.DYADIC), size=(600, 400), factors=(1,))
    assert verdicts(converted.verified())["level 1"] is Verdict.WITHIN_LOSS

    converted.change_frames("level-1", swap)
    found = converted.verified()

    first, second = told(found)
    assert first.startswith("level 1: frame 2: expected at least ")
    assert second.startswith("level 1: frame 8: expected at least ")


def test_two_tiles_swapped_of_those_coded_anew_without_loss(make):
    converted = make(ConvertOptions(codec=Codec.JPEG_2000))
    assert verdicts(converted.verified())["level 0"] is Verdict.SAME_PIXELS

    converted.change_frames("level-0", swap)

    first, second = told(converted.verified())
    assert first.startswith("level 0: frame 2: expected the same pixels, found ")
    assert second.startswith("level 0: frame 8: expected the same pixels, found ")


def test_a_level_of_another_size(make, tmp_path):
    converted = make()
    other = slides.write_svs(tmp_path / "other.svs", factors=(1, 2))
    convert(other.path, tmp_path / "other")
    series = pydicom.dcmread(converted.folder / "level-0.dcm", stop_before_pixels=True)

    def join(found: FileDataset) -> None:
        found.SeriesInstanceUID, found.PyramidUID = series.SeriesInstanceUID, series.PyramidUID

    changed = pydicom.dcmread(tmp_path / "other" / "level-1.dcm")
    join(changed)
    changed.save_as(converted.folder / "level-1.dcm")

    assert list(told(converted.verified())) == [
        "level 1: instance: expected one, found none",
        "level of 150 x 100: instance: expected none, found level-1.dcm, 150 x 100",
    ]


def test_a_level_that_shows_another_scale(make):
    """A part of the finest level, in the size of the coarser one."""
    converted = make(ConvertOptions(levels=Levels.DYADIC), factors=(1,))
    pixels = slides.picture(300, 200)[:100, :150]

    def replace_all(frames: list[bytes]) -> None:
        frames[:] = [simplejpeg.encode_jpeg(tile) for tile in slides.tiles_of(pixels, 64)]

    converted.change_frames("level-1", replace_all)
    found = converted.verified()

    assert verdicts(found)["level 1"] is Verdict.DIFFERENT
    assert sum(line.startswith("level 1: frame ") for line in told(found)) >= 5


@pytest.mark.parametrize(("color", "wrong"), [("ycbcr420", "RGB"), ("rgb", "YBR_FULL_422")])
def test_a_wrong_photometric_interpretation(make, color, wrong):
    converted = make(color=color)

    def change(found: FileDataset) -> None:
        found.PhotometricInterpretation = wrong

    converted.change("level-0", change)

    assert any(
        line.startswith("level 0: PhotometricInterpretation: expected ") and line.endswith(wrong)
        for line in told(converted.verified())
    )


def test_a_wrong_photometric_interpretation_of_frames_without_a_header(make):
    converted = make(ConvertOptions(codec=Codec.NONE))

    def change(found: FileDataset) -> None:
        found.PhotometricInterpretation = "YBR_FULL"

    converted.change("level-0", change)

    assert any(line.startswith("level 0: ") for line in told(converted.verified()))


def test_a_marker_that_says_other_colors(make):
    converted = make(color="rgb")

    def change(frames: list[bytes]) -> None:
        assert frames[3].count(b"Adobe") == 1
        place = frames[3].index(b"Adobe") + 11
        frames[3] = frames[3][:place] + b"\1" + frames[3][place + 1 :]

    converted.change_frames("level-0", change)

    (line,) = told(converted.verified())
    assert line.startswith("level 0: frame 4: ")


def test_a_blank_tile(make):
    converted = make()

    converted.change_frames("level-0", blank)

    (line,) = told(converted.verified())
    assert line.startswith("level 0: frame 3: expected the frame of the slide, found another: ")


@pytest.mark.parametrize("codec", [Codec.KEEP, Codec.JPEG_XL])
def test_a_blank_tile_in_a_derived_level(make, codec):
    options = ConvertOptions(levels=Levels.DYADIC, codec=codec)
    converted = make(options, factors=(1,))
    white = [np.full((64, 64, 3), 255, np.uint8)]

    def replace(frames: list[bytes]) -> None:
        if codec is Codec.KEEP:
            blank(frames)
        else:
            from dicomizer.pixels.codecs import jpegxl

            frames[2] = jpegxl.recompress(simplejpeg.encode_jpeg(white[0]))

    converted.change_frames("level-1", replace)

    ratio, line = told(converted.verified())
    assert ratio.startswith("level 1: LossyImageCompressionRatio: ")
    assert line.startswith("level 1: frame 3: expected at least ")


def test_a_tile_taken_out_of_a_complete_tiling(make):
    converted = make()

    converted.change_frames("level-0", lambda frames: frames.pop(3))
    found = converted.verified()

    assert any("frame" in line for line in told(found))
    assert not found.images[0].verdict.is_good


def test_a_tile_taken_out_of_a_sparse_tiling(tmp_path):
    pixels = slides.picture(192, 128)
    streams = [slides.encoded(tile, "ycbcr420") for tile in slides.tiles_of(pixels, 64)]
    description = "Aperio Image Library v11\r\n192x128 (64x64) Q=70|MPP = 0.25"
    slide = slides.write_tile_streams(
        tmp_path / "slide.svs",
        pixels.shape,
        64,
        [b"", *streams[1:]],
        compression="jpeg",
        photometric="ycbcr",
        description=description,
    )
    convert(slide, tmp_path / "out")
    converted = Converted(slide, tmp_path / "out")
    assert converted.verified().is_same

    def change(found: FileDataset) -> None:
        frames = list(generate_frames(found.PixelData, number_of_frames=found.NumberOfFrames))
        with_frames(found, frames[:2] + frames[3:])
        del found.PerFrameFunctionalGroupsSequence[2]

    converted.change("level-0", change)

    assert "level 0: frame 4: expected a frame, found none" in list(told(converted.verified()))


def scale_spacing(found: FileDataset) -> None:
    measures = found.SharedFunctionalGroupsSequence[0].PixelMeasuresSequence[0]
    measures.PixelSpacing = [2 * value for value in measures.PixelSpacing]


def test_changed_spacing_of_a_level(make):
    converted = make()

    converted.change("level-1", scale_spacing)

    assert list(told(converted.verified())) == [
        "level 1: PixelSpacing: expected 2 x 2 um, found 4 x 4 um"
    ]


def test_changed_spacing_of_all_levels(make):
    converted = make()

    for name in ("level-0", "level-1"):
        converted.change(name, scale_spacing)

    assert list(told(converted.verified())) == [
        "level 0: PixelSpacing: expected 0.5 x 0.5 um, found 1 x 1 um",
        "level 1: PixelSpacing: expected 2 x 2 um, found 4 x 4 um",
    ]


def test_changed_spacing_where_the_slide_tells_none(make):
    converted = make(ConvertOptions(spacing=SpacingMm.from_mpp(0.25, 0.25)), mpp="")
    found = converted.verified()
    assert found.is_same
    assert any("not checked" in note for note in found.notes)
    wrong = ConvertOptions(spacing=SpacingMm.from_mpp(0.5, 0.5))

    assert any("PixelSpacing" in line for line in told(converted.verified(VerifyOptions(wrong))))
    converted.change("level-0", scale_spacing)
    assert any("ImagedVolumeWidth" in line for line in told(converted.verified()))


def test_a_different_label(make):
    converted = make()

    def change(found: FileDataset) -> None:
        pixels = bytearray(found.PixelData)
        pixels[3 * 87 * 30 + 60] ^= 0x40
        found.PixelData = bytes(pixels)

    converted.change("label", change)
    found = converted.verified()

    (line,) = told(found)
    assert line.startswith("label: frame 1: expected the frame of the slide, found another: ")
    assert verdicts(found)["label"] is Verdict.DIFFERENT


def test_a_label_that_is_missing_or_should_be(make):
    converted = make()
    without = VerifyOptions(ConvertOptions(label=False))
    assert {"label", "overview"} <= {
        image.name for image in converted.verified(without).images if not image.verdict.is_good
    }

    (converted.folder / "label.dcm").unlink()
    assert list(told(converted.verified())) == ["label: instance: expected one, found none"]

    (converted.folder / "overview.dcm").unlink()
    assert converted.verified(without).is_same


def set_value(keyword: str, value: object) -> Callable[[FileDataset], None]:
    return lambda found: setattr(found, keyword, value)


def other_profile(found: FileDataset) -> None:
    path = found.OpticalPathSequence[0]
    path.ICCProfile = path.ICCProfile[:-8] + b"\1" * 8


def moved(found: FileDataset) -> None:
    found.TotalPixelMatrixOriginSequence[0].XOffsetInSlideCoordinateSystem += 1


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (set_value("ImagedVolumeHeight", 0.2), "ImagedVolumeHeight: expected 0.1 mm, found 0.2 mm"),
        (set_value("ImageType", ["DERIVED", "PRIMARY", "VOLUME", "RESAMPLED"]), "ImageType: "),
        (set_value("LossyImageCompressionRatio", "99"), "LossyImageCompressionRatio: "),
        (set_value("LossyImageCompressionMethod", "ISO_15444_1"), "LossyImageCompressionMethod: "),
        (set_value("ImageOrientationSlide", [1, 0, 0, 0, 1, 0]), "ImageOrientationSlide: "),
        (set_value("DeviceSerialNumber", "X"), "metadata equipment device_serial_number: "),
        (other_profile, "ICCProfile: "),
        (moved, "TotalPixelMatrixOriginSequence: "),
    ],
)
def test_an_attribute_that_says_other_than_the_slide(make, change, expected):
    converted = make()

    converted.change("level-0", change)

    (line,) = told(converted.verified())
    assert line.startswith(f"level 0: {expected}")


def test_metadata_of_the_user(make):
    metadata = SlideMetadata(Patient(name="Doe^Jane"), container=Container(identifier="S-1"))
    converted = make(ConvertOptions(metadata=metadata))
    other = SlideMetadata(Patient(name="Doe^John"), container=Container(identifier="S-1"))

    assert converted.verified().is_same
    assert converted.verified(VerifyOptions(ConvertOptions(metadata=metadata))).is_same
    (line,) = told(converted.verified(VerifyOptions(ConvertOptions(metadata=other))))
    assert line.startswith("level 0: metadata patient name: ")
    assert "Doe" not in line


@pytest.mark.parametrize("keyword", ["PatientName", "PatientID", "ContainerIdentifier"])
def test_an_instance_of_another_patient_or_container(make, keyword):
    converted = make()

    converted.change("level-1", set_value(keyword, "Roe"))

    (line,) = told(converted.verified())
    assert line == f"level 1: {keyword}: expected that of level 0, found another value"


def test_a_bound_of_the_user_goes_over_all_else(make):
    converted = make(ConvertOptions(levels=Levels.DYADIC), factors=(1,))
    derived = [image for image in converted.verified().images if image.worst_psnr]
    worst = min(derived, key=lambda image: image.worst_psnr)
    assert 20 < worst.worst_psnr <= worst.psnr < 40

    strict = converted.verified(VerifyOptions(least_psnr=worst.worst_psnr + 0.1))
    assert verdicts(strict)[worst.name] is Verdict.DIFFERENT
    assert converted.verified(VerifyOptions(least_psnr=worst.worst_psnr - 0.1)).is_same


def test_one_file_is_compared_alone(make):
    converted = make()

    found = verify(converted.slide, converted.folder / "level-1.dcm")

    assert found.is_same
    assert list(verdicts(found)) == ["level 1"]


def test_bad_tiles_are_put_in_place_as_in_the_conversion(tmp_path):
    built = slides.write_svs(tmp_path / "slide.svs")
    data = built.path.read_bytes()
    stream = built.streams[0][6]
    assert data.count(stream) == 1
    built.path.write_bytes(data.replace(stream, bytes(len(stream))))
    options = ConvertOptions(on_bad_tile=OnBadTile.BLANK)
    convert(built.path, tmp_path / "out", options)

    assert verify(built.path, tmp_path / "out", VerifyOptions(options)).is_same
    with pytest.raises(SourceError):
        verify(built.path, tmp_path / "out")


def test_an_instance_too_many(make):
    converted = make()

    for name in ("level-1", "label"):
        copy = pydicom.dcmread(converted.folder / f"{name}.dcm")
        copy.SOPInstanceUID += ".1"
        copy.save_as(converted.folder / f"{name}-again.dcm")

    assert list(told(converted.verified())) == [
        "instances: expected one of each image, found label.dcm is a second label: left out",
        "instances: expected one of each image, found level-1.dcm shows the same as "
        "level-1-again.dcm: left out",
    ]


def test_a_level_too_many_and_one_that_is_missing(make):
    converted = make(ConvertOptions(levels=Levels.DYADIC), factors=(1,))
    assert len(converted.verified().images) == 7

    (converted.folder / "level-2.dcm").unlink()

    assert list(told(converted.verified())) == ["level 2: instance: expected one, found none"]


def test_no_value_of_a_patient_is_told(make):
    metadata = SlideMetadata(Patient(name="Doe^Jane", id="12345"))
    converted = make(ConvertOptions(metadata=metadata))

    converted.change("level-0", set_value("PatientName", "Roe^Ann"))
    found = converted.verified(VerifyOptions(ConvertOptions(metadata=metadata)))

    assert not found.is_same
    assert not any(name in str(found) for name in ("Doe", "Roe", "12345"))
