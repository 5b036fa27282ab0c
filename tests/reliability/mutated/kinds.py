# SPDX-License-Identifier: Apache-2.0
"""Sound files of many kinds to begin from: slides of every coding, other images, documents.

All of a kind belong to one study, which has a number of its own for each mutant: so none is taken
for another's instance.
"""

from __future__ import annotations

import functools
import zlib
from dataclasses import dataclass, field

import build_report
import coded_frames as coded
import instances
import numpy as np
from pydicom.dataset import Dataset, FileDataset
from pydicom.encaps import encapsulate, encapsulate_extended
from pydicom.uid import ExplicitVRBigEndian, ImplicitVRLittleEndian

_NUMBER = b"900000000"
STUDY = f"1.2.9.{_NUMBER.decode()}"
_STORAGE = "1.2.840.10008.5.1.4.1.1."
_EXPLICIT, _DEFLATED = b"1.2.840.10008.1.2.1\0", b"1.2.840.10008.1.2.1.99"
_TILE = instances.SIZE


@dataclass(frozen=True)
class Kind:
    """Files of one study.

    Parameters
    ----------
    is_deflated
        Whether the dataset is deflated when it is sent: what is mutated is what is in it.
    """

    name: str
    files: tuple[bytes, ...] = field(repr=False)
    is_deflated: bool = False


def numbered(file: bytes, seed: int) -> bytes:
    """Return a file as one of another study."""
    return file.replace(_NUMBER, b"9%08d" % seed)


def deflated(file: bytes) -> bytes:
    """Return a file with its dataset deflated, sound or not; as it is without a sound head."""
    begin = 144 + int.from_bytes(file[140:144], "little")
    if _EXPLICIT not in file[144:begin]:
        return file
    head = bytearray(file[:begin].replace(b"\x14\0" + _EXPLICIT, b"\x16\0" + _DEFLATED))
    head[140:144] = (len(head) - 144).to_bytes(4, "little")
    coder = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    body = coder.compress(file[begin:]) + coder.flush()
    return bytes(head) + body + b"\0" * (len(body) % 2)


def _uids(found: FileDataset, number: int = 1) -> FileDataset:
    found.StudyInstanceUID, found.SeriesInstanceUID = STUDY, f"{STUDY}.1"
    found.SOPInstanceUID, found.InstanceNumber = f"{STUDY}.1.{number}", number
    return found


def _measured(found: FileDataset, width: int, height: int) -> FileDataset:
    """Add what makes a slide's level of an instance."""
    found.TotalPixelMatrixColumns, found.TotalPixelMatrixRows = width, height
    found.DimensionOrganizationType = "TILED_FULL"
    found.NumberOfOpticalPaths = found.TotalPixelMatrixFocalPlanes = 1
    found.ImageOrientationSlide = [0, -1, 0, -1, 0, 0]
    origin = {"XOffsetInSlideCoordinateSystem": 20, "YOffsetInSlideCoordinateSystem": 40}
    found.TotalPixelMatrixOriginSequence = [instances.item(**origin)]
    measures = instances.item(PixelSpacing=[0.0005, 0.0005], SliceThickness=0.001)
    found.SharedFunctionalGroupsSequence = [instances.item(PixelMeasuresSequence=[measures])]
    path = instances.item(OpticalPathIdentifier="1", ICCProfile=bytes(range(200)) * 2)
    found.OpticalPathSequence = [path]
    found.ImageType = ["ORIGINAL", "PRIMARY", "VOLUME", "NONE"]
    found.SpecimenDescriptionSequence = [instances.item(SpecimenIdentifier="A1", SpecimenUID="1.2")]
    return found


def _described(found: FileDataset, case: str) -> FileDataset:
    """Let attributes say what a coded frame is."""
    _, of, _ = coded.CASES[case]
    found.Rows, found.Columns, found.SamplesPerPixel = of.rows, of.columns, of.samples
    found.PhotometricInterpretation = of.photometric_interpretation
    found.BitsAllocated, found.BitsStored = of.bits_allocated, of.bits_stored
    found.HighBit, found.PixelRepresentation = of.high_bit, int(of.is_signed)
    if of.samples == 1:
        del found.PlanarConfiguration
    else:
        found.PlanarConfiguration = int(of.is_planar)
    return found


def _coded(case: str) -> FileDataset:
    """Return a level of four frames of a coding."""
    stream, of, _ = coded.CASES[case]
    if of.transfer_syntax_uid == coded.NATIVE:
        found = instances.native(stream * 4, 4)
    else:
        found = instances.slide([stream] * 4, of.transfer_syntax_uid)
    return _measured(_described(_uids(found), case), 2 * of.columns, 2 * of.rows)


def _jpeg_level(number: int = 1, across: int = 3) -> FileDataset:
    found = _uids(instances.slide([instances.jpeg(20 * n) for n in range(across)]), number)
    found = _measured(found, _TILE * across, _TILE)
    found.PyramidUID = f"{STUDY}.8"
    return found


def _fragmented() -> FileDataset:
    found = _jpeg_level()
    frames = [instances.jpeg(20 * n) for n in range(3)]
    found.PixelData = encapsulate(frames, fragments_per_frame=3)
    return found


def _extended() -> FileDataset:
    found = _jpeg_level()
    frames = [instances.jpeg(20 * n) for n in range(3)]
    table = encapsulate_extended(frames)
    found.PixelData, found.ExtendedOffsetTable, found.ExtendedOffsetTableLengths = table
    return found


def _position(column: int, row: int, frame: int) -> Dataset:
    place = instances.item(
        ColumnPositionInTotalImagePixelMatrix=column,
        RowPositionInTotalImagePixelMatrix=row,
        XOffsetInSlideCoordinateSystem=1,
        YOffsetInSlideCoordinateSystem=2,
        ZOffsetInSlideCoordinateSystem=0,
    )
    content = instances.item(DimensionIndexValues=[frame, 1])
    return instances.item(PlanePositionSlideSequence=[place], FrameContentSequence=[content])


def _sparse() -> FileDataset:
    found = _measured(_jpeg_level(), 2 * _TILE, 2 * _TILE)
    found.DimensionOrganizationType = "TILED_SPARSE"
    places = [(1, 1), (_TILE + 1, 1), (1, _TILE + 1)]
    groups = [_position(*place, number) for number, place in enumerate(places, 1)]
    found.PerFrameFunctionalGroupsSequence = groups
    for group in groups:
        group.is_undefined_length_sequence_item = True
    return found


def _stains() -> FileDataset:
    found = _measured(_coded("native, 12 bits"), 32, 24)
    found.NumberOfOpticalPaths, found.NumberOfFrames = 2, 2
    found.PixelData = found.PixelData[: len(found.PixelData) // 2]
    names = ("DAPI", "FITC")
    found.OpticalPathSequence = [instances.item(OpticalPathIdentifier=name) for name in names]
    return found


def _concatenation() -> list[FileDataset]:
    parts = []
    for number in (1, 2):
        part = _measured(_jpeg_level(number, 2), 2 * _TILE, 2 * _TILE)
        part.ConcatenationUID, part.InConcatenationNumber = f"{STUDY}.7", number
        part.ConcatenationFrameOffsetNumber = 2 * (number - 1)
        part.InConcatenationTotalNumber = 2
        part.SOPInstanceUIDOfConcatenationSource = f"{STUDY}.1.9"
        parts.append(part)
    return parts


def _other(sop_class: str, modality: str, **attributes) -> FileDataset:
    found = instances.dataset(SOPClassUID=_STORAGE + sop_class, Modality=modality, **attributes)
    return _uids(found)


def _image(case: str, sop_class: str, modality: str, **attributes) -> FileDataset:
    """Return a single frame that is no slide."""
    stream, of, _ = coded.CASES[case]
    found = instances.native(stream, 1, SOPClassUID=_STORAGE + sop_class, Modality=modality)
    if of.transfer_syntax_uid != coded.NATIVE:
        found.file_meta.TransferSyntaxUID = of.transfer_syntax_uid
        found.PixelData = encapsulate([stream])
    found = _described(_uids(found), case)
    del found.TotalPixelMatrixColumns, found.TotalPixelMatrixRows
    for keyword, value in attributes.items():
        setattr(found, keyword, value)
    return found


def _ct(case: str = "native, signed") -> FileDataset:
    window = {"WindowCenter": [40, 300], "WindowWidth": [400, 1500]}
    found = _image(case, "2", "CT", RescaleSlope="1", RescaleIntercept="-1024", **window)
    found.PixelSpacing, found.ImageOrientationPatient = [0.5, 0.5], [1, 0, 0, 0, 1, 0]
    return found


def _film() -> FileDataset:
    found = _image("native", "3.1", "US", NumberOfFrames=3, FrameTime="40")
    found.PixelData *= 3
    return found


def _palette() -> FileDataset:
    found = _image("native", "6.1", "US", SamplesPerPixel=1)
    del found.PlanarConfiguration
    found.PhotometricInterpretation = "PALETTE COLOR"
    found.PixelData = found.PixelData[: 24 * 32]
    for color in ("Red", "Green", "Blue"):
        setattr(found, f"{color}PaletteColorLookupTableDescriptor", [256, 0, 16])
        table = np.arange(256, dtype="<u2").tobytes()
        setattr(found, f"{color}PaletteColorLookupTableData", table)
    return found


def _segmentation() -> FileDataset:
    found = _image("native, 12 bits", "66.4", "SEG", NumberOfFrames=3)
    found.BitsAllocated = found.BitsStored = 1
    found.HighBit, found.Rows, found.Columns, found.PixelData = 0, 7, 9, bytes(range(24))
    found.SegmentSequence = [instances.item(SegmentNumber=1, SegmentLabel="tumour")]
    return found


def _parametric() -> FileDataset:
    found = _image("native, 32 bits", "30", "OT")
    values = np.linspace(0, 1, 24 * 32, dtype="<f4").tobytes()
    del found.PixelData, found.BitsStored, found.HighBit, found.PixelRepresentation
    found.FloatPixelData = values
    return found


def _report() -> FileDataset:
    measured = instances.item(
        NumericValue="3.5", MeasurementUnitsCodeSequence=[build_report.code("mm", "mm")]
    )
    inner = build_report.content("TEXT", "Finding", TextValue="benign\r\n<b>")
    return _uids(
        build_report.document(
            build_report.content("TEXT", "History", TextValue="none"),
            build_report.content("NUM", "Diameter", MeasuredValueSequence=[measured]),
            build_report.content("CONTAINER", "Findings", ContentSequence=[inner]),
            build_report.content("DATETIME", "When", DateTime="20240317102030"),
            build_report.content("PNAME", "Who", PersonName="Roe^Richard"),
        )
    )


def _annotations() -> FileDataset:
    group = instances.item(
        AnnotationGroupNumber=1,
        GraphicType="POLYGON",
        NumberOfAnnotations=2,
        PointCoordinatesData=np.arange(40, dtype="<f4").tobytes(),
        LongPrimitivePointIndexList=np.array([1, 21], "<u4").tobytes(),
    )
    return _other("91.1", "ANN", AnnotationGroupSequence=[group])


def _presentation() -> FileDataset:
    graphic = instances.item(GraphicData=[1.0, 2.0, 3.0, 4.0], GraphicType="POLYLINE")
    layer = instances.item(GraphicLayer="A", GraphicObjectSequence=[graphic])
    label = {"ContentLabel": "A", "PresentationCreationDate": "20240101"}
    return _other("11.1", "PR", GraphicAnnotationSequence=[layer], **label)


def _waveform() -> FileDataset:
    wave = instances.item(NumberOfWaveformChannels=1, SamplingFrequency="250")
    wave.add_new("WaveformData", "OW", bytes(range(128)))
    return _other("9.1.1", "ECG", WaveformSequence=[wave])


def _languages() -> FileDataset:
    """Return names in several character sets, private elements, and one of each VR of numbers."""
    found = _other("7", "OT", SpecificCharacterSet=["", "ISO 2022 IR 87"])
    found.PatientName = "Yamada^Tarou=山田^太郎=やまだ^たろう"
    block = found.private_block(0x0011, "COVERSLIP TEST", create=True)
    for place, (vr, value) in enumerate(
        [("FD", [1.5, 2.5]), ("SL", -5), ("UV", 1 << 60), ("AT", 0x00100010), ("UN", b"ab"),
         ("DS", ["1.5", "2"]), ("UR", "http://x/"), ("OD", bytes(16)), ("DT", "20240317")]
    ):  # fmt: skip
        block.add_new(place, vr, value)
    return found


def _in(found: FileDataset, syntax: str) -> FileDataset:
    found.file_meta.TransferSyntaxUID = syntax
    return found


def _big_endian() -> FileDataset:
    return _in(_ct("native, big endian"), ExplicitVRBigEndian)


def _kind(name: str, *found: FileDataset, is_deflated: bool = False) -> Kind:
    return Kind(name, tuple(map(instances.written, found)), is_deflated)


def _jpeg_xl() -> Kind:
    """Return a level of a syntax that pydicom does not write: one of as many letters is put in."""
    found = _in(_coded("JPEG XL"), coded.HTJ2K)
    file = instances.written(found).replace(coded.HTJ2K.encode(), coded.JPEG_XL.encode())
    return Kind("SM JPEG XL", (file,))


@functools.cache
def kinds() -> tuple[Kind, ...]:
    """Return all kinds."""
    slides = [
        "native", "native, planes", "native, 12 bits", "RLE", "RLE, signed", "JPEG-LS",
        "JPEG 2000", "JPEG 2000, signed", "HTJ2K", "lossless JPEG",
    ]  # fmt: skip
    return (
        *(_kind(f"SM {name}", _coded(name)) for name in slides),
        _jpeg_xl(),
        _kind("SM JPEG", _jpeg_level()),
        _kind("SM of several fragments", _fragmented()),
        _kind("SM with extended offset table", _extended()),
        _kind("SM sparse", _sparse()),
        _kind("SM of two optical paths", _stains()),
        _kind("SM implicit", _in(_coded("native"), ImplicitVRLittleEndian)),
        _kind("SM pyramid", _jpeg_level(1, 4), _jpeg_level(2, 2)),
        _kind("SM concatenation", *_concatenation()),
        _kind("CT", _ct()),
        _kind("CT implicit", _in(_ct(), ImplicitVRLittleEndian)),
        _kind("CT big endian", _big_endian()),
        _kind("CT deflated", _ct(), is_deflated=True),
        _kind("MR JPEG-LS", _image("JPEG-LS, signed", "4", "MR")),
        _kind("US film", _film()),
        _kind("US palette", _palette()),
        _kind("SEG", _segmentation()),
        _kind("parametric map", _parametric()),
        _kind("SR", _report()),
        _kind("SR deflated", _report(), is_deflated=True),
        _kind("ANN", _annotations()),
        _kind("PR", _presentation()),
        _kind("ECG", _waveform()),
        _kind("PDF", _other("104.1", "DOC", EncapsulatedDocument=b"%PDF-1.7\n",
                            MIMETypeOfEncapsulatedDocument="application/pdf")),
        _kind("many languages", _languages()),
    )  # fmt: skip
