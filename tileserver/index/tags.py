# SPDX-License-Identifier: Apache-2.0
"""Tags that have a meaning of their own in the index, eight upper-case digits each."""

from __future__ import annotations

STUDY_DATE, ACCESSION_NUMBER = "00080020", "00080050"
PATIENT_NAME, PATIENT_ID, STUDY_ID = "00100010", "00100020", "00200010"
MODALITY, MODALITIES_IN_STUDY = "00080060", "00080061"
STUDY_UID, SERIES_UID, SOP_UID, SOP_CLASS_UID = "0020000D", "0020000E", "00080018", "00080016"
AVAILABLE_TRANSFER_SYNTAX_UID, TRANSFER_SYNTAX_UID = "00083002", "00020010"
PER_FRAME = "52009230"
"""PerFrameFunctionalGroupsSequence."""
