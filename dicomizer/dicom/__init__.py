# SPDX-License-Identifier: Apache-2.0
"""The parts of the DICOM standard that both programs must know; no image codecs, no network."""
