# SPDX-License-Identifier: Apache-2.0
"""Maps the metadata model to DICOM datasets (`dataset`, `specimen`) and from JSON (`json`)."""
