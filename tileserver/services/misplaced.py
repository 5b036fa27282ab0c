# SPDX-License-Identifier: Apache-2.0
"""Instances that contradict the study they say they belong to.

All instances of a study are of one patient, and a series is of one study (PS3.3 A.1.2): what comes
otherwise is stored as it came, for nobody here can tell which of the two is wrong, but its sender
is told. A value that one of the two lacks contradicts nothing, but for Patient ID.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from tileserver.index.folding import folded_name
from tileserver.index.records import as_text
from tileserver.index.rows import first_text, first_value
from tileserver.index.tags import ISSUER_OF_PATIENT_ID, PATIENT_ID, PATIENT_NAME
from tileserver.services.oddities import Oddity

if TYPE_CHECKING:
    from tileserver.index import Index, InstanceRecord
    from tileserver.index.rows import Attributes


def find_misplacement(index: Index, record: InstanceRecord) -> Oddity | None:
    """Return how an instance that is stored contradicts what was stored before."""
    of_study, is_elsewhere = index.surroundings(
        record.study_instance_uid, record.series_instance_uid
    )
    # Nearly always the instances of a study have the very same attributes of it.
    if of_study not in (None, as_text(record.study)) and is_of_another_patient(
        record.study, json.loads(str(of_study))
    ):
        return Oddity.OTHER_PATIENT
    return Oddity.OTHER_STUDY if is_elsewhere else None


def is_of_another_patient(attributes: Attributes, others: Attributes) -> bool:
    """Tell whether attributes in DICOM JSON are of another patient than others are."""
    if first_text(attributes, PATIENT_ID).strip() != first_text(others, PATIENT_ID).strip():
        return True
    issuers = {first_text(each, ISSUER_OF_PATIENT_ID).strip() for each in (attributes, others)}
    return len(issuers - {""}) > 1 or _are_other_names(
        folded_name(first_value(attributes, PATIENT_NAME)),
        folded_name(first_value(others, PATIENT_NAME)),
    )


def _are_other_names(name: str, other: str) -> bool:
    """Tell whether folded names differ in all component groups that both have."""
    groups = zip(name.split("="), other.split("="), strict=False)
    both = [(one, another) for one, another in groups if one and another]
    return bool(both) and all(one != another for one, another in both)
