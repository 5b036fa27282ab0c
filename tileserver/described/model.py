# SPDX-License-Identifier: Apache-2.0
"""What one operation of a service takes and gives, as data."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

Schema = Mapping[str, object]
"""JSON Schema, draft 2020-12."""
Contents = Mapping[str, Schema]
"""Media types, and what is in them."""

_CONVERTOR = re.compile(r"\{(\w+):\w+\}")
_NAME = re.compile(r"\{(\w+)\}")


class Place(StrEnum):
    """Where a parameter stands."""

    PATH = "path"
    QUERY = "query"
    HEADER = "header"


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """A parameter of a request.

    Parameters
    ----------
    is_repeated
        Whether it may stand several times; the schema is that of one value.
    """

    name: str
    meaning: str
    schema: Schema = field(default_factory=lambda: {"type": "string"})
    place: Place = Place.QUERY
    is_required: bool = False
    is_repeated: bool = False
    example: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What is answered with a status that is no error."""

    status: int
    meaning: str
    contents: Contents = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """What a method does on a path.

    Parameters
    ----------
    path
        As its route has it, below the root of its service.
    name
        Of the transaction where the standard has one, without blanks; else ours.
    body
        Media types of the request that are read.
    errors
        Statuses of errors that are its own; all operations have further ones.
    """

    method: str
    path: str
    name: str
    summary: str
    answers: tuple[Answer, ...]
    parameters: tuple[Parameter, ...] = ()
    body: Contents = field(default_factory=dict)
    errors: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """A table of operations.

    Parameters
    ----------
    title
        What the service is.
    root
        What the paths of its operations stand below.
    path_parameters
        Those that the templates name.
    """

    title: str
    meaning: str
    operations: tuple[Operation, ...]
    root: str = ""
    path_parameters: tuple[Parameter, ...] = ()


@dataclass(frozen=True, slots=True)
class Mounted:
    """An operation at its place in the server."""

    service: Service
    operation: Operation

    @property
    def route(self) -> str:
        """Whole path, as its route has it."""
        return self.service.root + self.operation.path

    @property
    def path(self) -> str:
        """Template of the whole path, in braces the names of parameters."""
        return template(self.route)

    @property
    def parameters(self) -> tuple[Parameter, ...]:
        """All parameters, those of the path first and in its order."""
        named = {item.name: item for item in self.service.path_parameters}
        return tuple(named[name] for name in _NAME.findall(self.path)) + self.operation.parameters


def mounted(services: tuple[Service, ...]) -> tuple[Mounted, ...]:
    """Return the operations of services at their places."""
    return tuple(Mounted(service, item) for service in services for item in service.operations)


def template(route: str) -> str:
    """Return the template of a route's path, without the kinds of its parameters."""
    return _CONVERTOR.sub(r"{\1}", route)
