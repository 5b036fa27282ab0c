# SPDX-License-Identifier: Apache-2.0
"""What is passed on from other servers, as data."""

from __future__ import annotations

from tileserver.described.model import Answer, Operation, Parameter, Place, Service

ORIGINS_ROOT = "/origins"
PASSED_PATH = "/{origin}/dicomweb/{path:path}"
ORIGINS = Service(
    title="Other servers",
    meaning="DICOMweb of other servers, as set, passed on for reading.",
    root=ORIGINS_ROOT,
    path_parameters=(
        Parameter(name="origin", meaning="Name of the server, as set.", place=Place.PATH),
        Parameter(name="path", meaning="Resource below its DICOMweb service.", place=Place.PATH),
    ),
    operations=(
        Operation(
            method="GET",
            path=PASSED_PATH,
            name="RetrieveFromOrigin",
            summary="Pass on what another server answers.",
            answers=(
                Answer(
                    status=200,
                    meaning="As the other server gives it.",
                    contents={"application/dicom+json": {}, "multipart/related": {}},
                ),
            ),
            errors=(404, 406, 502, 503, 504),
        ),
    ),
)
