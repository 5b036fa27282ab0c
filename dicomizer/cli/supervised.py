# SPDX-License-Identifier: Apache-2.0
"""A verb that another process runs: where it reports to, and what it is given beside options."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    import click

    from dicomizer.dicom.metadata import SlideMetadata
    from dicomizer.pipeline import Progress


@dataclass(frozen=True, slots=True)
class Supervision:
    """What the process that runs a verb wants of it.

    Parameters
    ----------
    report
        Called as frames are done.
    metadata
        Of the slide, as JSON, instead of a file that ``--metadata`` names.
    keeps_states
        Whether the same conversion again shall find all done.
    """

    report: Callable[[Progress], None]
    metadata: dict[str, Any] | None = None
    keeps_states: bool = False

    def told_metadata(self) -> SlideMetadata | None:
        """Return the metadata that are given, if any are.

        Raises
        ------
        MetadataError
            They hold a key or value that the model does not know.
        """
        from dicomizer.dicom.schema.json import metadata_from_json

        return None if self.metadata is None else metadata_from_json(self.metadata)


def supervision(context: click.Context) -> Supervision | None:
    """Return what another process wants of this verb; ``None`` where a person runs it."""
    return context.find_object(Supervision)
