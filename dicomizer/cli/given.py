# SPDX-License-Identifier: Apache-2.0
"""Options of one verb that are handed on to another."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

import click
from click.core import ParameterSource

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    _Command = TypeVar("_Command", bound=Callable[..., None])


def given_options(context: click.Context, names: Collection[str]) -> tuple[str, ...]:
    """Return those of the options named that were given, as a command line has them."""
    arguments: list[str] = []
    for option in context.command.params:
        name = option.name or ""
        value = context.params.get(name)
        if name not in names or context.get_parameter_source(name) is ParameterSource.DEFAULT:
            continue
        assert isinstance(option, click.Option)
        if not option.is_flag:
            arguments += [option.opts[0], str(value)]
        elif value:
            arguments.append(option.opts[0])
    return tuple(arguments)


def without_options(
    decorator: Callable[[Callable[..., None]], Callable[..., None]], *names: str
) -> Callable[[_Command], _Command]:
    """Return a decorator that gives a command all options of another one but some."""

    def decorated(command: _Command) -> _Command:
        before: list[Any] = list(getattr(command, "__click_params__", ()))
        decorator(command)
        options: list[Any] = command.__click_params__  # type: ignore[attr-defined]
        options[:] = [item for item in options if item in before or item.name not in names]
        return command

    return decorated
