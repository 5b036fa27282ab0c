# SPDX-License-Identifier: Apache-2.0
"""What a check finds, each with its place and its remedy; never with a value of a patient."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

_BACKUP = "bring the file back from a backup, or send the instance again"
_REINDEX = "run tileserver reindex"


class Kind(StrEnum):
    """What is wrong."""

    CHANGED_BYTES = "changed-bytes"
    """A blob is not as it was stored."""

    WRONG_SIZE = "wrong-size"
    """A blob is shorter or longer than it was stored."""

    OTHER_INSTANCE = "other-instance"
    """A blob has the bytes of another instance than its name and the index say."""

    NO_INSTANCE = "no-instance"
    """A blob is as it was stored, or nobody knows, and cannot be read as an instance."""

    UNREADABLE = "unreadable"
    """The disk does not give a blob."""

    MISSING = "missing"
    """The index names a blob that is not there."""

    INDEX_DIFFERS = "index-differs"
    """The index says other of an instance than its bytes, or of a study than its instances."""

    CHANGES_DIFFER = "changes-differ"
    """The change feed tells other than the index."""

    INDEX_DAMAGED = "index-damaged"
    """The index cannot be read, or contradicts itself as a file."""

    WORKLIST_DAMAGED = "worklist-damaged"
    """The worklist cannot be read, or contradicts itself as a file."""

    ORPHAN = "orphan"
    """A whole blob of an instance that the index does not know."""

    ORPHAN_COPY = "orphan-copy"
    """A second blob with the bytes of an instance."""

    ORPHAN_VERSION = "orphan-version"
    """A second blob of an instance, with other bytes than the index names."""

    FOREIGN_FILE = "foreign-file"
    """A file among the blobs that is none."""

    PARTIAL_FILE = "partial-file"
    """What a crash left of something that was being received or written."""

    ABANDONED_DELETION = "abandoned-deletion"
    """A deletion that a crash broke off."""

    DAMAGED_LIST = "damaged-list"
    """A list of a deletion that makes no sense."""

    ABANDONED_INDEX = "abandoned-index"
    """What a crash left of a new index."""

    LAYOUT = "layout"
    """The file that tells how blobs lie is missing."""


REMEDIES = {
    Kind.CHANGED_BYTES: _BACKUP,
    Kind.WRONG_SIZE: _BACKUP,
    Kind.OTHER_INSTANCE: _BACKUP,
    Kind.NO_INSTANCE: "see what it is; --quarantine puts it aside",
    Kind.UNREADABLE: f"check the disk, then {_BACKUP}",
    Kind.MISSING: "bring the file back from a backup, or send the instance again",
    Kind.INDEX_DIFFERS: _REINDEX,
    Kind.CHANGES_DIFFER: (
        "to begin the feed anew, move index.sqlite aside while no server runs and "
        "run tileserver reindex"
    ),
    Kind.INDEX_DAMAGED: _REINDEX,
    Kind.WORKLIST_DAMAGED: "bring worklist.sqlite back from a backup while no server runs",
    Kind.ORPHAN: "--repair or tileserver reindex takes it into the index",
    Kind.ORPHAN_COPY: "--repair removes it",
    Kind.ORPHAN_VERSION: "it was never acknowledged; --quarantine puts it aside",
    Kind.FOREIGN_FILE: "move it out of the folder",
    Kind.PARTIAL_FILE: "--repair or the next start of a server settles it",
    Kind.ABANDONED_DELETION: "--repair or the next start of a server finishes it",
    Kind.DAMAGED_LIST: "--quarantine puts it aside; delete again what should be gone",
    Kind.ABANDONED_INDEX: "--repair or the next reindex removes it",
    Kind.LAYOUT: "the next start of a server writes it",
}


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that is wrong.

    Parameters
    ----------
    place
        In the data folder.
    problem
        What was found, and what was expected.
    uid
        Of the instance, series or study that it is about, where that is known.
    key
        Of the blob that it is about.
    done
        What was done about it; ``None`` where nothing was.
    is_solved
        Whether nothing is wrong any more: not where a damaged file was put aside, and is missing.
    """

    kind: Kind
    place: str
    problem: str
    uid: str | None = None
    key: str | None = None
    done: str | None = None
    is_solved: bool = False

    @property
    def remedy(self) -> str:
        """What to do about it."""
        return REMEDIES[self.kind]

    def line(self) -> str:
        """Return it as a line of text."""
        place = ", ".join(filter(None, (self.place, self.uid)))
        ends = [f"done: {self.done}"] * bool(self.done) + [self.remedy] * (not self.is_solved)
        return _printable("; ".join([f"{self.kind}: {place}: {self.problem}", *ends]))

    def document(self) -> dict[str, str | bool | None]:
        """Return it for JSON."""
        return {
            "kind": str(self.kind),
            "place": _printable(self.place),
            "uid": self.uid and _printable(self.uid),
            "key": self.key and _printable(self.key),
            "problem": _printable(self.problem),
            "remedy": self.remedy,
            "done": self.done,
            "solved": self.is_solved,
        }


def _printable(text: str) -> str:
    """Return a text on one line: damaged rows can hold anything."""
    return "".join(c if c.isprintable() else f"\\x{ord(c):02x}" for c in text)
