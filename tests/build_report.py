# SPDX-License-Identifier: Apache-2.0
"""Small structured reports, built by code."""

from __future__ import annotations

import instances
from pydicom.dataset import Dataset, FileDataset

HOSTILE = "<script>alert(1)</script>\" onload='x' &amp; \x1b[31m"


def code(meaning: str, value: str = "1") -> Dataset:
    return instances.item(CodeValue=value, CodingSchemeDesignator="99TEST", CodeMeaning=meaning)


def content(kind: str, name: str = "", **attributes) -> Dataset:
    found = instances.item(ValueType=kind, RelationshipType="CONTAINS", **attributes)
    if name:
        found.ConceptNameCodeSequence = [code(name)]
    return found


def document(*items: Dataset, **attributes) -> FileDataset:
    """Return a report of content items."""
    found = instances.dataset(**attributes)
    found.SOPClassUID, found.Modality = "1.2.840.10008.5.1.4.1.1.88.34", "SR"
    del found.ImageType
    found.ValueType = "CONTAINER"
    found.ConceptNameCodeSequence = [code("Imaging Measurement Report")]
    found.CompletionFlag, found.VerificationFlag = "COMPLETE", "VERIFIED"
    found.ContentDate, found.ContentTime = "20240318", "101500"
    found.VerifyingObserverSequence = [
        instances.item(
            VerifyingObserverName="Roe^Richard",
            VerifyingOrganization="Pathology",
            VerificationDateTime="20240318120000",
        )
    ]
    found.ContentSequence = list(items)
    return found
