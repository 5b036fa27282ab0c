# SPDX-License-Identifier: Apache-2.0
"""Options, arguments and ways to say things that several verbs have."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from dicomizer.errors import visible

if TYPE_CHECKING:
    import os


class _GivenPath(click.Path):
    """A path that is not empty: an empty one would stand for the folder one is in.

    A script whose variable has no value gives such a path.
    """

    def __init__(self) -> None:
        super().__init__(path_type=Path)

    def convert(
        self,
        value: str | os.PathLike[str],
        param: click.Parameter | None,
        ctx: click.Context | None,
    ) -> str | bytes | os.PathLike[str]:
        """Return the path, or fail with an error of usage."""
        if value == "":
            self.fail("the path is empty, expected the name of a file or folder", param, ctx)
        return super().convert(value, param, ctx)


GIVEN_PATH = _GivenPath()

slide_argument = click.argument("slide", type=GIVEN_PATH)

json_option = click.option(
    "--json",
    "as_json",
    is_flag=True,
    help="Print one JSON document instead of text; of an error too.",
)


def say(text: str, *, err: bool = False) -> None:
    """Print a line for a person, in which names of files do nothing to the terminal."""
    click.echo(visible(text), err=err)


def counted(number: int, noun: str) -> str:
    """Return a number with what it counts: "1 frame", "6,400 frames"."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
