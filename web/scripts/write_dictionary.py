# SPDX-License-Identifier: Apache-2.0
"""Write src/case/tags/dictionary.json: the names of all attributes, for trees of tags.

From pydicom's dictionary of the standard, without what is repeated in groups. Run it with a new
pydicom: ``python web/scripts/write_dictionary.py``.

References
----------
PS3.6 (data dictionary)
"""

from __future__ import annotations

import json
from pathlib import Path

from pydicom._dicom_dict import DicomDictionary

TARGET = Path(__file__).resolve().parents[1] / "src" / "case" / "tags" / "dictionary.json"


def dictionary_text() -> str:
    """Return the text of dictionary.json: a name by each tag, a line each."""
    names = {f"{tag:08X}": entry[2] for tag, entry in sorted(DicomDictionary.items()) if entry[2]}
    return json.dumps(names, ensure_ascii=True, indent=0, separators=(",", ":")) + "\n"


if __name__ == "__main__":
    TARGET.write_text(dictionary_text(), encoding="utf-8")
