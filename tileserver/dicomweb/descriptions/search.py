# SPDX-License-Identifier: Apache-2.0
"""QIDO-RS, described (PS3.18 10.6)."""

from __future__ import annotations

from tileserver.described.drawing import ACCEPT
from tileserver.described.model import Answer, Operation, Parameter, Service
from tileserver.described.schemas import DATASETS, WHOLE_NUMBER, one_of, same
from tileserver.dicomweb.descriptions.words import (
    DICOM_JSON,
    JSON,
    PATH_PARAMETERS,
    SERIES,
    STUDY,
)
from tileserver.settings import DICOMWEB_ROOT

_SWITCH = one_of("true", "false")
_PARAMETERS = (
    Parameter(
        name="PatientName",
        meaning="One of the attributes that may be matched, by keyword or tag: all are, also in "
        "sequences, as in 00400560.00400551. * and ? are wildcards.",
        example="Doe*",
    ),
    Parameter(name="StudyDate", meaning="A range has a hyphen.", example="20200101-20301231"),
    Parameter(
        name="includefield",
        meaning="Further attributes to return, by keyword, tag or path, parted by commas; or all.",
        is_repeated=True,
        example="all",
    ),
    Parameter(
        name="limit",
        meaning="Most results; more than max_results are never given.",
        schema={**WHOLE_NUMBER, "maximum": 10**18 - 1},
    ),
    Parameter(
        name="offset",
        meaning="Results to leave out.",
        schema={**WHOLE_NUMBER, "maximum": 10**18 - 1},
    ),
    Parameter(name="fuzzymatching", meaning="Match words of names.", schema=_SWITCH),
    Parameter(name="emptyvaluematching", meaning='"" means empty values.', schema=_SWITCH),
    Parameter(name="multiplevaluematching", meaning="Lists of values.", schema=_SWITCH),
    ACCEPT,
)
_ANSWERS = (
    Answer(
        status=200,
        meaning="Those that match. A Warning tells what was ignored and how many are left.",
        contents=same(DATASETS, DICOM_JSON, JSON),
    ),
    Answer(status=204, meaning="None matches."),
)


def _search(path: str, name: str, summary: str) -> Operation:
    return Operation(
        method="GET",
        path=path,
        name=name,
        summary=summary,
        parameters=_PARAMETERS,
        answers=_ANSWERS,
        errors=(406, 413, 507),
    )


SEARCH = Service(
    title="Search",
    meaning="QIDO-RS, PS3.18 10.6.",
    root=DICOMWEB_ROOT,
    path_parameters=PATH_PARAMETERS,
    operations=(
        _search("/studies", "SearchForStudies", "Search for studies."),
        _search("/series", "SearchForSeries", "Search for series of all studies."),
        _search("/instances", "SearchForInstances", "Search for instances of all studies."),
        _search(f"{STUDY}/series", "SearchForStudySeries", "Search for series of a study."),
        _search(
            f"{STUDY}/instances", "SearchForStudyInstances", "Search for instances of a study."
        ),
        _search(
            f"{SERIES}/instances",
            "SearchForStudySeriesInstances",
            "Search for instances of a series.",
        ),
    ),
)
