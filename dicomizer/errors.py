# SPDX-License-Identifier: Apache-2.0
"""Every error that dicomizer raises on purpose.

A caller catches all of them with `DicomizerError`. The tree::

    DicomizerError
    ├── SourceError              the slide file
    │   ├── SourceNotFoundError      (also FileNotFoundError)
    │   ├── UnsupportedSourceError   no reader takes it; the reasons are in the message
    │   ├── CorruptSourceError       a reader takes it, the bytes contradict themselves
    │   └── MissingSpacingError      no pixel spacing in the file and none given
    ├── MetadataError            the file given by --metadata
    ├── TargetError              the place to write to
    ├── DicomError               a DICOM file or dataset
    │   ├── NotDicomError            no Part 10 file
    │   └── CorruptDicomError        (also ValueError) a Part 10 file that contradicts itself
    ├── CodecError               pixels that a codec cannot code, or a damaged frame
    │   │                        (in dicomizer.pixels.codecs.errors)
    │   └── EncodingError            an encoder refuses a frame
    ├── UnfitError               pixels that are not recompressed without loss
    │                            (in dicomizer.transcode)
    └── NetworkError             a DICOMweb peer

A message has the file, the place in it, what was found, what was expected and what to do.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


def visible(text: str) -> str:
    """Return a text as one line that does nothing to a terminal, as names of files might.

    Blanks of every kind are kept as blanks; other control characters are shown as Python's escapes.
    """
    if text.isprintable():  # nearly always, and a request may fail ten thousand times
        return text
    return "".join(map(_visible, text))


def _visible(character: str) -> str:
    if character.isprintable():
        return character
    if character.isspace():
        return " "
    return character.encode("unicode_escape").decode("ascii")


class DicomizerError(Exception):
    """An expected failure, told in one line.

    Parameters
    ----------
    problem
        What was found and what was expected, without the file's name.
    file
        The file that the problem is about.
    place
        Where in it: a level, a directory, a tag, a byte offset.
    remedy
        What the user can do about it.
    """

    def __init__(
        self,
        problem: str,
        *,
        file: object = None,
        place: str | None = None,
        remedy: str | None = None,
    ) -> None:
        self.problem = problem
        self.file = None if file is None else str(file)
        self.place = place
        self.remedy = remedy
        super().__init__(problem)

    def __str__(self) -> str:
        where = ": ".join(part for part in (self.file, self.place) if part)
        text = f"{where}: {self.problem}" if where else self.problem
        if self.remedy:
            text = f"{text}; {self.remedy}"
        return visible(text)

    def document(self) -> dict[str, str | None]:
        """Return it as a script is told it."""
        return {
            "type": type(self).__name__,
            "message": str(self),
            "file": self.file,
            "place": self.place,
            "problem": self.problem,
            "remedy": self.remedy,
        }


class SourceError(DicomizerError):
    """The slide file cannot be read."""


class SourceNotFoundError(SourceError, FileNotFoundError):
    """There is no such slide file."""

    __str__ = DicomizerError.__str__


class UnsupportedSourceError(SourceError):
    """No reader takes the file.

    Parameters
    ----------
    refusals
        By the name of the format, why its reader refused.
    recognised
        Those of them that come from readers of the file's own format; the message tells only
        these. ``None`` stands for all.
    remedy
        What the user can do, where the caller knows it.
    """

    def __init__(
        self,
        file: object,
        refusals: Mapping[str, str],
        recognised: Mapping[str, str] | None = None,
        *,
        remedy: str | None = None,
    ) -> None:
        self.refusals = dict(refusals)
        recognised = refusals if recognised is None else recognised
        if recognised:
            told = "; ".join(f"{name}: {reason}" for name, reason in recognised.items())
            problem = f"it cannot be converted: {told}"
        else:
            problem = f"its format is none that is known ({', '.join(refusals)})"
            remedy = remedy or "dicomizer info tells what each reader missed"
        super().__init__(problem, file=file, remedy=remedy)


class CorruptSourceError(SourceError):
    """A reader takes the file, but its bytes contradict themselves."""


class MissingSpacingError(SourceError):
    """The file does not say the size of a pixel and nobody gave it."""


class MetadataError(DicomizerError):
    """The metadata file cannot be used."""


class TargetError(DicomizerError):
    """The result cannot be written."""


class DicomError(DicomizerError):
    """A DICOM file or dataset cannot be used."""


class NotDicomError(DicomError):
    """The bytes are no DICOM Part 10 file."""


class CorruptDicomError(DicomError, ValueError):
    """The file is DICOM, but contradicts itself."""

    __str__ = DicomizerError.__str__


class NetworkError(DicomizerError):
    """A DICOMweb peer cannot be reached or refuses."""
