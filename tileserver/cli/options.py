# SPDX-License-Identifier: Apache-2.0
"""Options made of the settings, so that each is described once."""

from __future__ import annotations

import functools
import os
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tileserver.configuration import CONFIG_VARIABLE, Field, Loaded, fields, load, plain
from tileserver.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Callable


def settings_options(*names: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Give a command the options of these settings, and ``loaded``, the settings in force."""

    def decorate(command: Callable[..., None]) -> Callable[..., None]:
        @functools.wraps(command)
        def with_settings(config: Path | None, **options: Any) -> None:
            given = {name: options.pop(name) for name in names}
            command(loaded=_loaded(given, config), **options)

        decorated: Callable[..., None] = with_settings
        for name in reversed(names):
            decorated = _option(fields()[name])(decorated)
        return _config_option(decorated)

    return decorate


def _loaded(given: dict[str, object], config: Path | None) -> Loaded:
    try:
        return load(given, os.environ, config)
    except ConfigurationError as error:
        raise click.UsageError(str(error)) from error


_config_option = click.option(
    "--config",
    type=click.Path(path_type=Path, dir_okay=False),
    help=f"TOML file of settings; tileserver config sample prints one.  [env: {CONFIG_VARIABLE}]",
)


def _option(field: Field) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Return the option of a setting; the environment and defaults are for `load`."""
    flag = f"--{field.name.replace('_', '-')}"
    told = f"env: {field.variable}"
    if field.default not in (None, ()) and not field.is_required:
        told = f"default: {plain(field.default)}; {told}"
    text = f"{field.help}  [{told}]"
    if field.kind is bool:
        return click.option(f"{flag}/--no-{flag[2:]}", field.name, default=None, help=text)
    if field.kind is tuple:
        return click.option(flag, field.name, multiple=True, help=text)
    return click.option(flag, field.name, type=_type(field), help=text)


def _type(field: Field) -> Any:
    if field.kind is Path:
        # The folder must be told; files may be.
        is_folder = field.is_required
        return click.Path(path_type=Path, file_okay=not is_folder, dir_okay=is_folder)
    if issubclass(field.kind, Enum):
        return click.Choice([str(item.value) for item in field.kind])
    return field.kind
