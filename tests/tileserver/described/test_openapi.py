# SPDX-License-Identifier: Apache-2.0
"""The OpenAPI document: valid, and of just the routes that there are."""

from __future__ import annotations

import json

import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator
from starlette.routing import Route

from tileserver.app import SERVICES, create_app
from tileserver.described import openapi
from tileserver.described.model import template
from tileserver.settings import Settings

DOCUMENT = json.loads(json.dumps(openapi(SERVICES, "http://127.0.0.1:8042")))


@pytest.fixture(scope="module")
def app(tmp_path_factory):
    made = create_app(Settings(data=tmp_path_factory.mktemp("described") / "data"))
    yield made
    made.state.services.close()


def described() -> set[tuple[str, str]]:
    return {
        (method.upper(), path) for path, methods in DOCUMENT["paths"].items() for method in methods
    }


def routed(app) -> set[tuple[str, str]]:
    """Return all there is but the files of the built viewer."""
    return {
        (method, template(route.path))
        for route in app.routes
        if isinstance(route, Route) and not route.endpoint.__qualname__.startswith("_file.")
        for method in route.methods or ()
    }


def test_the_document_is_valid():
    OpenAPIV31SpecValidator(DOCUMENT).validate()


def test_every_route_and_every_method_is_described_and_nothing_else(app):
    assert routed(app) == described()


def test_every_parameter_of_a_path_is_described():
    for path, methods in DOCUMENT["paths"].items():
        for operation in methods.values():
            named = [item["name"] for item in operation["parameters"] if item["in"] == "path"]
            assert named == [part[1:-1] for part in path.split("/") if part.startswith("{")], path


def test_every_operation_has_a_name_of_its_own():
    names = [one["operationId"] for path in DOCUMENT["paths"].values() for one in path.values()]

    assert len(names) == len(set(names))


def test_errors_are_of_one_schema():
    for status, answer in DOCUMENT["components"]["responses"].items():
        schema = answer["content"]["application/json"]["schema"]
        assert schema == {"$ref": "#/components/schemas/Error"}, status


def test_the_server_gives_the_document_with_its_own_address(archive):
    answer = archive.server.http.get("/openapi.json")

    assert answer.headers["content-type"] == "application/json"
    assert answer.json() == DOCUMENT | {"servers": [{"url": archive.server.address}]}


def test_the_server_gives_its_conformance_statement(archive):
    answer = archive.server.http.get("/conformance")

    assert answer.headers["content-type"] == "text/markdown; charset=utf-8"
    assert "## DICOMweb served by `tileserver`" in answer.text
