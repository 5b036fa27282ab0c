# SPDX-License-Identifier: Apache-2.0
"""The Capabilities Description of a DICOMweb service: WADL, as XML or as JSON; pure.

References
----------
PS3.18 8.9 (Retrieve Capabilities), G (WADL as JSON), H (Capabilities Description),
https://www.w3.org/submissions/wadl/
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from xml.etree.ElementTree import Element as XmlElement
from xml.etree.ElementTree import SubElement, tostring

from tileserver.described.model import Place, template

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from tileserver.described.model import Answer, Contents, Operation, Parameter, Service

_NAMESPACE = "http://wadl.dev.java.net/2009/02"
_UNIQUE = frozenset({"application", "resources", "request"})
"""Elements that their parent has one of; JSON has arrays of all others (G.2)."""
_TYPES = {"integer": "xsd:integer", "number": "xsd:decimal", "boolean": "xsd:boolean"}


@dataclass(slots=True)
class Element:
    """An element of a document."""

    name: str
    attributes: dict[str, str] = field(default_factory=dict)
    children: list[Element] = field(default_factory=list)
    text: str = ""


def describe(
    services: Sequence[Service], base: str, path: str, documents: Mapping[str, str]
) -> Element:
    """Return the capabilities of a resource and of all below it.

    Parameters
    ----------
    services
        Those of one root.
    base
        Absolute address of the root.
    path
        Template of the resource below it; empty for the whole service.
    documents
        Titles and texts of what is to be known besides, such as the addresses of what tells more.
    """
    resources = Element("resources", {"base": base})
    named = {item.name: item for service in services for item in service.path_parameters}
    tree = _tree([item for service in services for item in service.operations])
    if path.strip("/"):
        resources.children.append(_resource(named, path.strip("/"), tree.at(path)))
    else:
        root = _resource(named, "", tree)
        # Of the service itself, methods stand in a resource of its own beside the others.
        children = [item for item in root.children if item.name == "resource"]
        root.children = [item for item in root.children if item.name != "resource"]
        resources.children += ([root] if root.children else []) + children
    told = [Element("doc", {"title": title}, text=at) for title, at in documents.items()]
    return Element(
        "application",
        {"xmlns": _NAMESPACE, "xmlns:xsd": "http://www.w3.org/2001/XMLSchema"},
        [*told, resources],
    )


@dataclass(slots=True)
class _Node:
    """A segment of paths: what can be done there, and what is below."""

    operations: list[Operation] = field(default_factory=list)
    below: dict[str, _Node] = field(default_factory=dict)

    def at(self, path: str) -> _Node:
        """Return the node of a path, made where it is not there."""
        node = self
        for segment in filter(None, path.split("/")):
            node = node.below.setdefault(segment, _Node())
        return node


def _tree(operations: Sequence[Operation]) -> _Node:
    tree = _Node()
    for item in operations:
        # What is at the root with and without a slash is one resource.
        if not item.path.endswith("/"):
            tree.at(template(item.path)).operations.append(item)
    return tree


def _resource(named: Mapping[str, Parameter], path: str, node: _Node) -> Element:
    segments = [part[1:-1] for part in path.split("/") if part.startswith("{")]
    return Element(
        "resource",
        {"path": path},
        [
            *(_param(named[name]) for name in segments),
            *(_method(item) for item in node.operations),
            *(_resource(named, segment, below) for segment, below in node.below.items()),
        ],
    )


def _method(operation: Operation) -> Element:
    accept = [
        name for answer in operation.answers if answer.status < 300 for name in answer.contents
    ]
    params = [_param(item) for item in operation.parameters]
    if accept:
        params.insert(0, _accept(list(dict.fromkeys(accept))))
    request = Element("request", children=[*params, *_representations(operation.body)])
    return Element(
        "method",
        {"name": operation.method, "id": operation.name},
        [
            Element("doc", {"xml:lang": "en"}, text=operation.summary),
            request,
            *(_response(answer) for answer in operation.answers),
            *(Element("response", {"status": str(status)}) for status in operation.errors),
        ],
    )


def _accept(media_types: Sequence[str]) -> Element:
    options = [Element("option", {"value": name}) for name in media_types]
    attributes = {"name": "Accept", "style": "header", "default": media_types[0]}
    return Element("param", attributes, options)


def _response(answer: Answer) -> Element:
    return Element("response", {"status": str(answer.status)}, _representations(answer.contents))


def _representations(contents: Contents) -> list[Element]:
    return [Element("representation", {"mediaType": name}) for name in contents]


def _param(item: Parameter) -> Element:
    style = "template" if item.place is Place.PATH else item.place.value
    attributes = {
        "name": item.name,
        "style": style,
        "type": _TYPES.get(str(item.schema.get("type")), "xsd:string"),
        "required": "true" if item.is_required or item.place is Place.PATH else "false",
    }
    if item.is_repeated:
        attributes["repeating"] = "true"
    values = item.schema.get("enum")
    options = values if isinstance(values, list) else []
    return Element(
        "param",
        attributes,
        [
            Element("doc", {"xml:lang": "en"}, text=item.meaning),
            *(Element("option", {"value": str(value)}) for value in options),
        ],
    )


def to_xml(root: Element) -> bytes:
    """Return a document as XML."""
    found = XmlElement(root.name, root.attributes)
    _fill(found, root)
    text: bytes = tostring(found, encoding="utf-8", xml_declaration=True)
    return text


def _fill(target: XmlElement, source: Element) -> None:
    target.text = source.text or None
    for child in source.children:
        _fill(SubElement(target, child.name, child.attributes), child)


def to_json(root: Element) -> dict[str, object]:
    """Return a document as a value for JSON (PS3.18 G)."""
    return {root.name: _value(root)}


def _value(element: Element) -> dict[str, object]:
    found: dict[str, object] = {f"@{name}": text for name, text in element.attributes.items()}
    if element.text:
        found["value"] = element.text
    for name, children in _grouped(element.children):
        found[name] = _value(children[0]) if name in _UNIQUE else [_value(one) for one in children]
    return found


def _grouped(children: Sequence[Element]) -> Iterator[tuple[str, list[Element]]]:
    groups: dict[str, list[Element]] = {}
    for child in children:
        groups.setdefault(child.name, []).append(child)
    yield from groups.items()
