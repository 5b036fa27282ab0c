# SPDX-License-Identifier: Apache-2.0
"""Metadata of every kind, for properties: whatever a person may give and DICOM can hold."""

from __future__ import annotations

import datetime as dt
import string

from hypothesis import strategies as st

from dicomizer.dicom import codes
from dicomizer.dicom.metadata import (
    Code,
    Container,
    Equipment,
    LightPath,
    Operator,
    Optics,
    PathMetadata,
    Patient,
    PreparationStep,
    Series,
    SlideMetadata,
    Specimen,
    SpecimenLocation,
    Study,
    Text,
)
from dicomizer.dicom.placeholders import UNKNOWN

LETTERS = string.ascii_letters + string.digits + "äßéжя漢字-_()&;<>'\"/,.|"
PLACEHOLDERS = (UNKNOWN, codes.SLIDE, codes.BODY_STRUCTURE, codes.SPECIMEN_COLLECTION)


def is_told(value: object) -> bool:
    return value not in PLACEHOLDERS


def text(longest: int) -> st.SearchStrategy[str]:
    return st.text(LETTERS, min_size=1, max_size=longest).filter(is_told)


def lines(longest: int) -> st.SearchStrategy[str]:
    """Return text of several lines, with what divides values elsewhere."""
    characters = st.text(LETTERS + " \\\n", min_size=1, max_size=longest)
    return characters.map(str.strip).filter(bool).filter(is_told)


def maybe(strategy):
    return st.none() | strategy


def few(strategy, least: int = 0):
    return st.lists(strategy, min_size=least, max_size=3).map(tuple)


UIDS = st.builds(lambda n: f"2.25.{n}", st.integers(1, 1 << 120))
CODES = st.builds(
    Code, st.text(string.digits, min_size=1, max_size=18), st.just("SCT"), text(64)
).filter(is_told)
NAMES = st.builds("{}^{}".format, text(20), text(20)) | st.builds(
    "{}={}={}".format, text(20), text(20), text(20)
)
DATES = st.dates(dt.date(1, 1, 1), dt.date(9999, 1, 1))
TIMES = st.times()
ZONES = st.integers(-12 * 60, 14 * 60).map(lambda m: dt.timezone(dt.timedelta(minutes=m)))
MOMENTS = st.datetimes(dt.datetime(1901, 1, 1), dt.datetime(2200, 1, 1), timezones=maybe(ZONES))
MILLIMETRES = st.floats(-1000, 1000)

TOLD = {
    "specimen": maybe(text(64).map("part {}".format).map(lambda t: t[:64])),
    "issuer": maybe(text(64).map("issuer {}".format).map(lambda t: t[:64])),
    "datetime": maybe(MOMENTS),
    "operator": maybe(NAMES),
    "description": maybe(lines(100)),
    "fixative": maybe(CODES),
    "embedding_medium": maybe(CODES),
}
OTHER_PROCEDURES = st.sampled_from(
    [
        codes.SPECIMEN_PROCESSING,
        Code("428995007", "SCT", "Specimen receiving"),
        Code("111729", "DCM", "Specimen storage"),
    ]
)
STEPS = st.one_of(
    st.builds(PreparationStep, st.just(codes.SPECIMEN_COLLECTION), method=maybe(CODES), **TOLD),
    st.builds(
        PreparationStep,
        st.just(codes.SAMPLING),
        method=CODES,
        parent=text(64),
        parent_type=CODES,
        **TOLD,
    ),
    st.builds(
        PreparationStep,
        st.just(codes.STAINING),
        method=maybe(CODES),
        stains=few(CODES | st.builds(Text, lines(100)), least=1),
        **TOLD,
    ),
    st.builds(PreparationStep, OTHER_PROCEDURES, method=maybe(CODES), **TOLD),
)


def is_said(steps: tuple[PreparationStep, ...]) -> bool:
    return steps != (PreparationStep(codes.SPECIMEN_PROCESSING),)


ANATOMY = st.one_of(
    st.tuples(st.none(), st.just(())), st.tuples(CODES, st.just(())), st.tuples(CODES, few(CODES))
)
SPECIMENS = st.builds(
    lambda anatomy, **rest: Specimen(
        anatomic_structure=anatomy[0], anatomic_modifiers=anatomy[1], **rest
    ),
    anatomy=ANATOMY,
    identifier=text(64).map("specimen {}".format).map(lambda t: t[:64]),
    issuer=maybe(text(64)),
    uid=UIDS,
    description=maybe(text(64)),
    detailed_description=maybe(lines(300)),
    type=maybe(CODES),
    location=st.builds(
        SpecimenLocation,
        maybe(lines(50)),
        maybe(lines(50)),
        maybe(MILLIMETRES),
        maybe(MILLIMETRES),
        maybe(lines(50)),
    ),
    preparation=st.lists(STEPS, max_size=4).map(tuple).filter(is_said),
)
OPERATORS = st.one_of(
    few(st.builds(Operator, NAMES)), few(st.builds(Operator, NAMES, CODES, text(64)))
)
PATHS = st.builds(
    PathMetadata,
    maybe(text(50)),
    maybe(st.sampled_from(LightPath)),
    maybe(st.floats(1, 2000)),
    maybe(st.floats(1, 2000)),
    maybe(st.from_regex(r"#[0-9a-f]{6}", fullmatch=True)),
)
PROFILES = st.binary(max_size=40).map(lambda data: bytes(36) + b"acsp" + data)


def metadata(optics: st.SearchStrategy[Optics]) -> st.SearchStrategy[SlideMetadata]:
    return st.builds(
        SlideMetadata,
        patient=st.builds(
            Patient,
            name=maybe(NAMES),
            id=maybe(text(64)),
            issuer_of_id=maybe(text(64)),
            birth_date=maybe(DATES),
            sex=maybe(st.sampled_from("MFO")),
        ),
        study=st.builds(
            Study,
            UIDS,
            text(16),
            maybe(DATES),
            maybe(TIMES),
            maybe(text(16)),
            maybe(text(64)),
            maybe(NAMES),
        ),
        series=st.builds(
            Series, UIDS, maybe(st.integers(0, (1 << 31) - 1)), maybe(text(64)), OPERATORS
        ),
        equipment=st.builds(
            Equipment,
            text(64),
            text(64),
            text(64),
            few(text(64), least=1),
            maybe(text(64)),
            maybe(text(64)),
            maybe(text(16)),
        ),
        container=st.builds(
            Container, text(64), maybe(text(64)), maybe(lines(200)), maybe(lines(100))
        ),
        specimens=st.lists(
            SPECIMENS, max_size=3, unique_by=(lambda s: s.identifier, lambda s: s.uid)
        ).map(tuple),
        optics=optics,
        acquisition_datetime=maybe(MOMENTS),
    )


POWERS = maybe(st.sampled_from([5.0, 20.0, 40.0, 63.5]))
TOLD_PATHS = st.builds(
    PathMetadata,
    maybe(text(50).filter(lambda name: not name.isdecimal())),
    # A dataset always tells of the light, and emission in whole nanometres.
    st.sampled_from(LightPath),
    maybe(st.integers(10, 20_000).map(lambda tenths: tenths / 10)),
    maybe(st.integers(1, 2000).map(float)),
    maybe(st.from_regex(r"#[0-9a-f]{6}", fullmatch=True)),
)
WHOLE_PROFILES = st.binary(min_size=88, max_size=99).map(
    lambda data: (40 + len(data)).to_bytes(4, "big") + bytes(32) + b"acsp" + data
)
IN_DATASET = metadata(st.builds(Optics, POWERS, few(TOLD_PATHS), maybe(WHOLE_PROFILES)))
IN_JSON = metadata(st.builds(Optics, POWERS, few(PATHS), maybe(PROFILES)))
