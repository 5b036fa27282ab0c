# SPDX-License-Identifier: Apache-2.0
"""The OpenAPI document of services.

References
----------
https://spec.openapis.org/oas/v3.1.1
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from dicomizer import __version__
from tileserver.described.model import Place, mounted
from tileserver.described.schemas import ERROR, NAMED_SCHEMAS, TEXT

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tileserver.described.model import Answer, Contents, Mounted, Parameter, Service

    Document = dict[str, object]

_OPENAPI = "3.1.1"
_DIALECT = "https://json-schema.org/draft/2020-12/schema"
ERRORS = {
    400: "A parameter or the body makes no sense.",
    403: "This is not allowed.",
    404: "There is no such study, series, instance, frame or value.",
    406: "Not to be had in the media type asked for; the message tells what is.",
    409: "It does not fit what is there; nothing was changed.",
    410: "It was there, and is deleted.",
    412: "What is stored is another version than If-Match names.",
    413: "The body, or the picture asked for, is too large.",
    415: "A body of this type is not read.",
    416: "There are no such bytes.",
    421: "The server does not go by the name in the Host header.",
    423: "Another request is at it.",
    460: "The bytes are not those that were sent.",
    500: "An unexpected error, or a stored file that is damaged or gone; the log has more.",
    502: "Another server, whose answers are passed on, does not answer as it should.",
    503: "Not now; the same request may do later.",
    504: "Another server does not answer in time.",
    507: "The disk is full, or does not take or give what it must.",
}
EVERYWHERE = (400, 403, 421, 500)
"""Errors that any request can meet."""


def openapi(services: tuple[Service, ...], server: str) -> Document:
    """Return the document, as a value for JSON.

    Parameters
    ----------
    server
        Absolute address that paths stand below.
    """
    return {
        "openapi": _OPENAPI,
        "jsonSchemaDialect": _DIALECT,
        "info": {
            "title": "Coverslip",
            "version": __version__,
            "summary": "Whole-slide images over DICOMweb, and as tiles.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": server}],
        "tags": [{"name": item.title, "description": item.meaning} for item in services],
        "paths": _paths(services),
        "components": {
            "schemas": dict(NAMED_SCHEMAS),
            "responses": {_error_name(status): _error(status) for status in ERRORS},
        },
    }


def _paths(services: tuple[Service, ...]) -> Document:
    found: dict[str, Document] = {}
    for item in mounted(services):
        methods = found.setdefault(item.path, {})
        methods[item.operation.method.lower()] = _operation(item)
        if item.operation.method == "GET":
            methods["head"] = _head(item)
        methods["options"] = _options(item)
    return dict(found)


def _operation(item: Mounted) -> Document:
    operation = item.operation
    document: Document = {
        "operationId": operation.name,
        "tags": [item.service.title],
        "summary": operation.summary,
        "parameters": [_parameter(one) for one in item.parameters],
        "responses": _responses(operation.answers, operation.errors),
    }
    if operation.body:
        document["requestBody"] = {
            "required": not operation.is_body_optional,
            "content": _contents(operation.body),
        }
    return document


def _head(item: Mounted) -> Document:
    """Return the operation that tells what GET would, without its body (RFC 9110 9.3.2)."""
    operation = item.operation
    answers = {str(one.status): {"description": one.meaning} for one in operation.answers}
    errors = {
        str(status): {"description": ERRORS[status]} for status in (*EVERYWHERE, *operation.errors)
    }
    return {
        "operationId": f"{operation.name}Head",
        "tags": [item.service.title],
        "summary": f"{operation.summary} Without the body.",
        "parameters": [_parameter(one) for one in item.parameters],
        "responses": dict(sorted((answers | errors).items())),
    }


def _options(item: Mounted) -> Document:
    """Return the operation that tells what can be done (PS3.18 8.9)."""
    wadl: Document = {"application/vnd.sun.wadl+xml": {}, "application/json": {}}
    return {
        "operationId": f"{item.operation.name}Options",
        "tags": [item.service.title],
        "summary": "Tell which methods there are; below the DICOMweb root, with capabilities.",
        # Of resources that are not there, too.
        "parameters": [
            _parameter(replace(one, schema=TEXT))
            for one in item.parameters
            if one.place is Place.PATH
        ],
        "responses": {
            "200": {"description": "Capabilities as WADL.", "content": wadl},
            "204": {"description": "The methods are in the Allow header."},
            **{str(status): _error_reference(status) for status in (*EVERYWHERE, 404, 406)},
        },
    }


def _parameter(item: Parameter) -> Document:
    schema = item.schema
    document: Document = {
        "name": item.name,
        "in": item.place.value,
        "description": item.meaning,
        "required": item.is_required or item.place is Place.PATH,
        "schema": {"type": "array", "items": schema} if item.is_repeated else schema,
    }
    if item.example is not None:
        document["example"] = [item.example] if item.is_repeated else item.example
    return document


def _responses(answers: tuple[Answer, ...], errors: tuple[int, ...]) -> Document:
    found: Document = {str(status): _error_reference(status) for status in (*EVERYWHERE, *errors)}
    for answer in answers:
        document: Document = {"description": answer.meaning}
        if answer.contents:
            document["content"] = _contents(answer.contents)
        found[str(answer.status)] = document
    return dict(sorted(found.items()))


def _contents(contents: Contents) -> Mapping[str, Document]:
    return {name: {"schema": schema} if schema else {} for name, schema in contents.items()}


def _error_name(status: int) -> str:
    return f"Error{status}"


def _error_reference(status: int) -> Document:
    return {"$ref": f"#/components/responses/{_error_name(status)}"}


def _error(status: int) -> Document:
    return {"description": ERRORS[status], "content": {"application/json": {"schema": ERROR}}}
