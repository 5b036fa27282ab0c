# SPDX-License-Identifier: Apache-2.0
"""Coded and decoded pixels: codecs, colour; nothing here knows a slide format or a DICOM tag."""
