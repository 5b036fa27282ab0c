# SPDX-License-Identifier: Apache-2.0
"""The columns that a table of slides may have, and what the cells of a row say as JSON.

A row says what a JSON file would, so that both are read by the same code. Columns of the slide
stand for one key each; those of a specimen, again with ``_2``, ``_3`` for further ones on the
slide, make up its preparation steps in the order of the work: collection, fixation, grossing,
embedding, sectioning, staining.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from dicomizer.dicom.metadata import PreparationStep
from dicomizer.dicom.schema.names import GROUPS, concept, several
from dicomizer.errors import MetadataError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from dicomizer.dicom.schema.json import JsonValue

    Read = Callable[[str], JsonValue]

LIST = "|"
"""Between the values of a cell that may hold several."""
TEXT = "text:"
"""Before words for a stain that has no code."""


def _text(cell: str) -> JsonValue:
    return cell


def _number(cell: str) -> JsonValue:
    """Return a number; a comma for the point is what Excel writes where people write so."""
    try:
        return float(cell.replace(",", "."))
    except ValueError:
        return cell


def _whole(cell: str) -> JsonValue:
    return int(cell) if cell.isdecimal() else cell


def _code(cell: str) -> JsonValue:
    """Return a code, given as in HL7 by value, meaning and scheme between "^", or by its name."""
    parts = [part.strip() for part in cell.split("^")]
    if len(parts) == 3:
        return {"value": parts[0], "meaning": parts[1], "scheme": parts[2]}
    return cell


def _stain(cell: str) -> JsonValue:
    return {"text": cell[len(TEXT) :].strip()} if cell.lower().startswith(TEXT) else _code(cell)


def _substance(cell: str) -> JsonValue:
    """Return an antibody, chromogen or counterstain: in words where no concept has that name."""
    groups = GROUPS[PreparationStep, "stains"]
    found = _stain(cell)
    is_known = found != cell or any(concept(name, groups) for name in several(cell))
    return found if is_known else {"text": cell}


def _listed(read: Read) -> Read:
    return lambda cell: [read(part.strip()) for part in cell.split(LIST) if part.strip()]


SLIDE = "slide"
"""The column with the slide file's name."""
OUT = "out"
"""The column of a list to be converted with the folder for the slide; says nothing of it."""

_OF_SLIDE: dict[str, tuple[str, Read]] = {
    "patient_name": ("patient.name", _text),
    "patient_id": ("patient.id", _text),
    "patient_id_issuer": ("patient.issuer_of_id", _text),
    "patient_birth_date": ("patient.birth_date", _text),
    "patient_sex": ("patient.sex", _text),
    "study_uid": ("study.uid", _text),
    "study_id": ("study.id", _text),
    "study_date": ("study.date", _text),
    "study_time": ("study.time", _text),
    "accession_number": ("study.accession_number", _text),
    "study_description": ("study.description", _text),
    "referring_physician": ("study.referring_physician", _text),
    "series_number": ("series.number", _whole),
    "series_description": ("series.description", _text),
    "manufacturer": ("equipment.manufacturer", _text),
    "model_name": ("equipment.model_name", _text),
    "device_serial_number": ("equipment.device_serial_number", _text),
    "software_versions": ("equipment.software_versions", _listed(_text)),
    "institution": ("equipment.institution", _text),
    "department": ("equipment.department", _text),
    "station_name": ("equipment.station_name", _text),
    "container_id": ("container.identifier", _text),
    "container_issuer": ("container.issuer", _text),
    "label_text": ("container.label_text", _text),
    "barcode": ("container.barcode", _text),
    "objective_power": ("optics.objective_power", _number),
    "acquisition_datetime": ("acquisition_datetime", _text),
}
_LISTS: dict[str, dict[str, tuple[str, Read]]] = {
    "series.operators": {
        "operator": ("name", _text),
        "operator_identification": ("identification", _code),
        "operator_institution": ("institution", _text),
    },
    "optics.paths": {
        "channel_name": ("name", _text),
        "channel_illumination": ("illumination", _text),
        "channel_excitation_nm": ("excitation_nm", _number),
        "channel_emission_nm": ("emission_nm", _number),
        "channel_color": ("color", _text),
    },
}
"""Lists of records, each column with one key of all of them."""
_OF_SPECIMEN: dict[str, tuple[str, Read]] = {
    "specimen_id": ("identifier", _text),
    "specimen_issuer": ("issuer", _text),
    "specimen_uid": ("uid", _text),
    "specimen_description": ("description", _text),
    "specimen_detailed_description": ("detailed_description", _text),
    "specimen_type": ("type", _code),
    "anatomy": ("anatomic_structure", _code),
    "anatomy_modifiers": ("anatomic_modifiers", _listed(_code)),
    "location": ("location.description", _text),
    "location_reference": ("location.reference", _text),
    "location_x_mm": ("location.x_mm", _number),
    "location_y_mm": ("location.y_mm", _number),
    "visual_marking": ("location.visual_marking", _text),
}


@dataclass(frozen=True, slots=True)
class _Step:
    """A preparation step as columns tell it.

    Parameters
    ----------
    column
        What the step is told by, and with an ending when and by whom; ``prefix`` is before those.
    linked
        Keys that columns shared with other steps tell, as long as the step is told.
    fixed
        Keys that are the same for all such steps.
    """

    column: str
    prefix: str
    procedure: str
    key: str
    read: Read
    linked: Mapping[str, str] = field(default_factory=dict)
    fixed: Mapping[str, str] = field(default_factory=dict)

    @property
    def columns(self) -> dict[str, tuple[str, Read]]:
        """The columns by which the step is told."""
        return {
            self.column: (self.key, self.read),
            f"{self.prefix}_datetime": ("datetime", _text),
            f"{self.prefix}_operator": ("operator", _text),
        }


_PART, _BLOCK = {"specimen": "part"}, {"specimen": "block"}
_STEPS = (
    _Step("collection", "collection", "collection", "method", _code, _PART),
    _Step("fixative", "fixation", "processing", "fixative", _code, _PART),
    _Step(
        "grossing",
        "grossing",
        "sampling",
        "method",
        _code,
        {"specimen": "block", "parent": "part", "parent_type": "part_type"},
    ),
    _Step("embedding_medium", "embedding", "processing", "embedding_medium", _code, _BLOCK),
    _Step(
        "sectioning",
        "sectioning",
        "sampling",
        "method",
        _code,
        {"parent": "block", "parent_type": "block_type"},
    ),
    _Step("stains", "staining", "staining", "stains", _listed(_stain)),
    *(
        _Step(
            column,
            "staining",
            "staining",
            "stains",
            _listed(_substance),
            fixed={"description": description},
        )
        for column, description in (
            ("antibody", "Primary antibody"),
            ("chromogen", "Chromogen"),
            ("counterstain", "Counterstain"),
        )
    ),
)
_LINKED: dict[str, Read] = {
    "part": _text,
    "part_type": _code,
    "block": _text,
    "block_type": _code,
}
_NUMBERED = re.compile(r"(.+)_([2-9]|[1-9]\d)")
_SPECIMEN_COLUMNS = frozenset(
    {*_OF_SPECIMEN, *_LINKED, *(column for step in _STEPS for column in step.columns)}
)
COLUMNS = (
    SLIDE,
    *_OF_SLIDE,
    *(column for columns in _LISTS.values() for column in columns),
    *_OF_SPECIMEN,
    *_LINKED,
    *dict.fromkeys(column for step in _STEPS for column in step.columns),
)
"""All columns that a table may have, those of a specimen without a number."""


def is_column(name: str) -> bool:
    """Tell whether a table may have a column."""
    match = _NUMBERED.fullmatch(name)
    return name in COLUMNS or name == OUT or bool(match and match[1] in _SPECIMEN_COLUMNS)


@dataclass
class RowReader:
    """Makes JSON of the cells of a row, and remembers from which column each value came.

    Parameters
    ----------
    cells
        By column, those that are not empty.
    """

    cells: Mapping[str, str]
    columns: dict[str, str] = field(default_factory=dict)
    """By the path of a value, as in errors, its column."""

    def json(self) -> JsonValue:
        """Return what `metadata_from_json` reads.

        Raises
        ------
        MetadataError
            Columns that list things side by side list different numbers of them.
        """
        root: dict[str, JsonValue] = {}
        self._put(root, "metadata", _OF_SLIDE)
        for path, columns in _LISTS.items():
            if listed := self._list(path, columns):
                group, key = path.split(".")
                target = root.setdefault(group, {})
                assert isinstance(target, dict)
                target[key] = listed
        if specimens := self._specimens():
            root["specimens"] = specimens
        return root

    def _put(
        self,
        target: dict[str, JsonValue],
        place: str,
        columns: Mapping[str, tuple[str, Read]],
        ending: str = "",
    ) -> None:
        """Put the values of columns into an object, at paths of one or two keys."""
        for column, (path, read) in columns.items():
            cell = self.cells.get(column + ending)
            if cell is None:
                continue
            *outer, key = path.split(".")
            inner = target
            for name in outer:
                found = inner.setdefault(name, {})
                assert isinstance(found, dict)
                inner = found
            inner[key] = read(cell)
            self.columns[f"{place}.{path}"] = column + ending

    def _list(self, path: str, columns: Mapping[str, tuple[str, Read]]) -> list[JsonValue]:
        told = {
            column: [part.strip() for part in self.cells[column].split(LIST)]
            for column in columns
            if column in self.cells
        }
        if len({len(parts) for parts in told.values()}) > 1:
            counts = ", ".join(f"{column} {len(parts)}" for column, parts in told.items())
            raise MetadataError(
                f"found lists of different lengths: {counts}",
                place=f"metadata.{path}",
                remedy=f'give as many in each, divided by "{LIST}"',
            )
        number = max(map(len, told.values()), default=0)
        return [self._listed_item(f"metadata.{path}[{i}]", columns, told, i) for i in range(number)]

    def _listed_item(
        self,
        place: str,
        columns: Mapping[str, tuple[str, Read]],
        told: Mapping[str, list[str]],
        index: int,
    ) -> JsonValue:
        item: dict[str, JsonValue] = {}
        for column, parts in told.items():
            key, read = columns[column]
            self.columns[f"{place}.{key}"] = column
            if parts[index]:
                item[key] = read(parts[index])
        return item

    def _specimens(self) -> list[JsonValue]:
        endings = {""} | {
            f"_{match[2]}"
            for column in self.cells
            if (match := _NUMBERED.fullmatch(column)) and match[1] in _SPECIMEN_COLUMNS
        }
        found: list[JsonValue] = []
        for ending in sorted(endings, key=lambda text: int(text[1:] or 1)):
            specimen = self._specimen(f"metadata.specimens[{len(found)}]", ending)
            if specimen:
                found.append(specimen)
        return found

    def _specimen(self, place: str, ending: str) -> dict[str, JsonValue]:
        specimen: dict[str, JsonValue] = {}
        self._put(specimen, place, _OF_SPECIMEN, ending)
        steps: list[JsonValue] = []
        for step in self._told_steps(ending):
            here = f"{place}.preparation[{len(steps)}]"
            value: dict[str, JsonValue] = {"procedure": step.procedure, **step.fixed}
            self._put(value, here, step.columns, ending)
            linked = {column: (key, _LINKED[column]) for key, column in step.linked.items()}
            self._put(value, here, linked, ending)
            for key, column in (*step.linked.items(), (step.key, step.column)):
                self.columns[f"{here}.{key}"] = column + ending
            steps.append(value)
        return specimen | ({"preparation": steps} if steps else {})

    def _told_steps(self, ending: str) -> Iterable[_Step]:
        """Yield the steps that a column tells; times alone are of the first that they can be of."""
        seen: set[str] = set()
        for step in _STEPS:
            is_told = step.column + ending in self.cells
            of_prefix = [other.column for other in _STEPS if other.prefix == step.prefix]
            is_lone = step.prefix not in seen and not any(
                c + ending in self.cells for c in of_prefix
            )
            is_timed = any(column + ending in self.cells for column in step.columns)
            if is_told or (is_lone and is_timed):
                seen.add(step.prefix)
                yield step
