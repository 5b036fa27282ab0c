# SPDX-License-Identifier: Apache-2.0
"""Keep DICOM instances and serve them over DICOMweb; see ``tileserver --help``."""
