# SPDX-License-Identifier: Apache-2.0
"""Write the golden datasets and the JSON Schema anew: ``python tests/golden/renew.py``.

Look at what changed before it is committed.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

GOLDEN = Path(__file__).parent
ROOT = GOLDEN.parent.parent
CASES = ("he_biopsy", "ihc", "fluorescence")


def main() -> None:
    sys.path[:0] = [str(ROOT), str(ROOT / "tests")]
    import build_metadata

    from dicomizer.dicom.schema.files import read_metadata
    from dicomizer.dicom.schema.json_schema import metadata_schema

    written = {
        GOLDEN / f"{case}.dataset.txt": build_metadata.golden(
            read_metadata(GOLDEN / f"{case}.json")
        )
        for case in CASES
    }
    schema = json.dumps(metadata_schema(), indent=2, ensure_ascii=False)
    written[ROOT / "samples" / "metadata.schema.json"] = f"{schema}\n"
    for path, text in written.items():
        path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
