# SPDX-License-Identifier: Apache-2.0
"""``tileserver config``: the settings in force, and a file to begin with."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

from tileserver.cli.options import settings_options
from tileserver.configuration import fields, plain, sample

if TYPE_CHECKING:
    from tileserver.configuration import Loaded


@click.group()
def config() -> None:
    """Show settings, or a sample file of them."""


@config.command()
@settings_options(*fields())
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def show(loaded: Loaded, *, as_json: bool) -> None:
    """Print the settings in force and where each came from."""
    values = {name: plain(getattr(loaded.settings, name)) for name in fields()}
    if as_json:
        found = {n: {"value": v, "origin": loaded.origins[n]} for n, v in values.items()}
        click.echo(json.dumps(found, indent=2))
        return
    width = max(map(len, values))
    for name, value in values.items():
        click.echo(f"{name:{width}} = {json.dumps(value)}  ({loaded.origins[name]})")


@config.command(name="sample")
def print_sample() -> None:
    """Print a configuration file with every setting, its meaning and its default."""
    click.echo(sample(), nl=False)
