# SPDX-License-Identifier: Apache-2.0
"""Write src/dicom/tags.ts: the DICOM keywords that the viewer reads, with their tags.

The keywords are listed here; their tags come from pydicom's dictionary of the standard, so that
nobody types a tag by hand. Run it after changing the list: ``python web/scripts/write_tags.py``.

References
----------
PS3.6 (data dictionary)
"""

from __future__ import annotations

from pathlib import Path

from pydicom.datadict import tag_for_keyword

KEYWORDS = [
    "AccessionNumber",
    "AcquisitionDateTime",
    "AnnotationCoordinateType",
    "AnnotationGroupLabel",
    "AnnotationGroupNumber",
    "AnnotationGroupSequence",
    "BitsAllocated",
    "BluePaletteColorLookupTableData",
    "CodeMeaning",
    "CodeValue",
    "ColorSpace",
    "ColumnPositionInTotalImagePixelMatrix",
    "Columns",
    "CommonZCoordinateValue",
    "ConcatenationFrameOffsetNumber",
    "ConcatenationUID",
    "ConceptCodeSequence",
    "ConceptNameCodeSequence",
    "ContainerIdentifier",
    "ContentDescription",
    "ContentLabel",
    "DeviceSerialNumber",
    "DimensionOrganizationType",
    "DocumentTitle",
    "DoubleFloatPixelData",
    "DoubleFloatRealWorldValueFirstValueMapped",
    "DoubleFloatRealWorldValueLastValueMapped",
    "DoublePointCoordinatesData",
    "FailedSOPSequence",
    "FailureReason",
    "FloatPixelData",
    "FrameOfReferenceUID",
    "FrameVOILUTSequence",
    "GraphicType",
    "GreenPaletteColorLookupTableData",
    "ICCProfile",
    "IlluminationTypeCodeSequence",
    "IlluminationWaveLength",
    "ImageOrientationSlide",
    "ImagePathFilterPassThroughWavelength",
    "ImageType",
    "InstanceNumber",
    "LUTExplanation",
    "LUTLabel",
    "LongPrimitivePointIndexList",
    "LossyImageCompression",
    "LossyImageCompressionRatio",
    "Manufacturer",
    "ManufacturerModelName",
    "MaximumFractionalValue",
    "MeasurementUnitsCodeSequence",
    "ModalitiesInStudy",
    "Modality",
    "NumberOfAnnotations",
    "NumberOfFrames",
    "NumberOfOpticalPaths",
    "NumberOfSeriesRelatedInstances",
    "NumberOfStudyRelatedInstances",
    "NumberOfStudyRelatedSeries",
    "ObjectiveLensPower",
    "OpticalPathDescription",
    "OpticalPathIdentificationSequence",
    "OpticalPathIdentifier",
    "OpticalPathSequence",
    "OtherFailuresSequence",
    "PaletteColorLookupTableSequence",
    "PatientID",
    "PatientName",
    "PerFrameFunctionalGroupsSequence",
    "PhotometricInterpretation",
    "PixelMeasuresSequence",
    "PixelPaddingValue",
    "PixelRepresentation",
    "PixelSpacing",
    "PixelValueTransformationSequence",
    "PlanarConfiguration",
    "PlanePositionSlideSequence",
    "PointCoordinatesData",
    "RealWorldValueFirstValueMapped",
    "RealWorldValueIntercept",
    "RealWorldValueLastValueMapped",
    "RealWorldValueMappingSequence",
    "RealWorldValueSlope",
    "RecommendedDisplayCIELabValue",
    "RedPaletteColorLookupTableData",
    "RedPaletteColorLookupTableDescriptor",
    "ReferencedImageSequence",
    "ReferencedInstanceSequence",
    "ReferencedSOPInstanceUID",
    "ReferencedSOPSequence",
    "ReferencedSegmentNumber",
    "ReferencedSeriesSequence",
    "RescaleIntercept",
    "RescaleSlope",
    "RowPositionInTotalImagePixelMatrix",
    "Rows",
    "SOPClassUID",
    "SOPInstanceUID",
    "SamplesPerPixel",
    "SegmentIdentificationSequence",
    "SegmentLabel",
    "SegmentNumber",
    "SegmentSequence",
    "SegmentationType",
    "SegmentedBluePaletteColorLookupTableData",
    "SegmentedGreenPaletteColorLookupTableData",
    "SegmentedPropertyTypeCodeSequence",
    "SegmentedRedPaletteColorLookupTableData",
    "SeriesDescription",
    "SeriesInstanceUID",
    "SeriesNumber",
    "SharedFunctionalGroupsSequence",
    "SoftwareVersions",
    "SpacingBetweenSlices",
    "SpecimenDescriptionSequence",
    "SpecimenIdentifier",
    "SpecimenLabelInImage",
    "SpecimenPreparationSequence",
    "SpecimenPreparationStepContentItemSequence",
    "SpecimenShortDescription",
    "StudyDate",
    "StudyDescription",
    "StudyInstanceUID",
    "StudyTime",
    "TextValue",
    "TotalPixelMatrixColumns",
    "TotalPixelMatrixFocalPlanes",
    "TotalPixelMatrixOriginSequence",
    "TotalPixelMatrixRows",
    "VOILUTFunction",
    "WarningReason",
    "WindowCenter",
    "WindowWidth",
    "XOffsetInSlideCoordinateSystem",
    "YOffsetInSlideCoordinateSystem",
    "ZOffsetInSlideCoordinateSystem",
]

TARGET = Path(__file__).resolve().parents[1] / "src" / "dicom" / "tags.ts"

HEADER = """\
// SPDX-License-Identifier: Apache-2.0
/** DICOM keywords and their tags (PS3.6), for DICOM JSON; made by scripts/write_tags.py. */

export const TAGS = {
"""


def tags_module() -> str:
    """Return the text of tags.ts."""
    lines = [f"  {keyword}: '{tag_for_keyword(keyword):08X}',\n" for keyword in KEYWORDS]
    return HEADER + "".join(lines) + "} as const\n\nexport type Keyword = keyof typeof TAGS\n"


if __name__ == "__main__":
    TARGET.write_text(tags_module(), encoding="utf-8")
