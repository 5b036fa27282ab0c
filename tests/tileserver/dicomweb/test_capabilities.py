# SPDX-License-Identifier: Apache-2.0
"""OPTIONS: Allow on every resource, and capabilities within DICOMweb (PS3.18 8.9, G, H)."""

from __future__ import annotations

import re
from xml.etree import ElementTree as ET

import httpx
import pytest
from worklist import FILTERED, WORKLIST

WADL = "application/vnd.sun.wadl+xml"
WADL_NAME = "{http://wadl.dev.java.net/2009/02}"
INSTANCE = "/studies/1.2.3.1/series/1.2.3.1.1/instances/1.2.3.1.1.1"


def options(archive, path: str, accept: str | None = None, **headers: str) -> httpx.Response:
    wanted = {"Accept": accept} if accept else {}
    return archive.server.http.options(path, headers=wanted | headers)


def methods_of(element) -> list[tuple[str, str]]:
    return [(one.get("name"), one.get("id")) for one in element.findall(f"{WADL_NAME}method")]


def below(element) -> dict[str, object]:
    return {one.get("path"): one for one in element.findall(f"{WADL_NAME}resource")}


@pytest.mark.parametrize(
    ("path", "allow"),
    [
        ("/dicomweb", "GET, HEAD, OPTIONS"),
        ("/dicomweb/studies", "GET, HEAD, OPTIONS, POST"),
        ("/dicomweb/studies/1.2", "DELETE, GET, HEAD, OPTIONS, POST"),
        (f"/dicomweb{INSTANCE}", "DELETE, GET, HEAD, OPTIONS"),
        (f"/dicomweb{INSTANCE}/frames/1", "GET, HEAD, OPTIONS"),
        (f"/dicomweb{INSTANCE}/bulkdata/00480105/1/00282000", "GET, HEAD, OPTIONS"),
        ("/tiles/1.2/3.4/iiif/info.json", "GET, HEAD, OPTIONS"),
        ("/dicomweb/workitems/1.2/state", "OPTIONS, PUT"),
        (f"/dicomweb/workitems/{WORKLIST}/subscribers/A/suspend", "OPTIONS, POST"),
        (f"/dicomweb/workitems/{FILTERED}/subscribers/A", "DELETE, OPTIONS, POST"),
        ("/dicomweb/workitems/1.2/subscribers/A", "DELETE, OPTIONS, POST"),
        ("/changes", "GET, HEAD, OPTIONS"),
        ("/healthz", "GET, HEAD, OPTIONS"),
    ],
)
def test_allow_tells_the_methods_also_where_another_one_is_refused(archive, path, allow):
    told = options(archive, path)
    refused = archive.server.http.patch(path)

    assert told.status_code == (200 if path.startswith("/dicomweb") else 204)
    assert told.headers["allow"] == allow
    assert (refused.status_code, refused.headers["allow"]) == (405, allow)
    assert refused.json()["error"] == "HttpError"


def test_the_root_has_all_resources_and_their_transactions(archive):
    answer = options(archive, "/dicomweb", WADL)

    assert answer.headers["content-type"] == WADL
    application = ET.fromstring(answer.content)
    assert application.tag == f"{WADL_NAME}application"
    (resources,) = application.findall(f"{WADL_NAME}resources")
    assert resources.get("base") == archive.server.root
    root = below(resources)
    assert {"", "studies", "series", "instances"} <= set(root)
    assert methods_of(root["studies"]) == [("GET", "SearchForStudies"), ("POST", "StoreInstances")]
    study = below(root["studies"])["{study}"]
    assert ("GET", "RetrieveStudy") in methods_of(study)
    assert ("POST", "StoreStudyInstances") in methods_of(study)
    assert {
        "metadata",
        "rendered",
        "thumbnail",
        "bulkdata",
        "pixeldata",
        "series",
        "instances",
    } == (set(below(study)))
    instance = below(below(below(below(study)["series"])["{series}"])["instances"])["{instance}"]
    frames = below(below(instance)["frames"])["{frames}"]
    assert methods_of(frames) == [("GET", "RetrieveFrames")]
    (accept,) = frames.findall(f".//{WADL_NAME}param[@name='Accept'][@style='header']")[:1]
    values = [one.get("value") for one in accept.findall(f"{WADL_NAME}option")]
    assert {"multipart/related", "image/jpeg", "application/octet-stream"} <= set(values)


def test_the_worklist_has_its_resources_and_those_of_its_subscriptions(archive):
    application = ET.fromstring(options(archive, "/dicomweb").content)
    (resources,) = application.findall(f"{WADL_NAME}resources")
    workitems = below(resources)["workitems"]

    def subscriptions(name: str) -> tuple[list[tuple[str, str]], dict[str, object]]:
        title = below(below(below(workitems)[name])["subscribers"])["{aetitle}"]
        return methods_of(title), below(title)

    assert methods_of(workitems) == [("POST", "CreateWorkitem"), ("GET", "SearchForWorkitems")]
    workitem = below(workitems)["{workitem}"]
    assert methods_of(workitem) == [("GET", "RetrieveWorkitem"), ("POST", "UpdateWorkitem")]
    assert methods_of(below(workitem)["state"]) == [("PUT", "ChangeWorkitemState")]
    cancelation = methods_of(below(workitem)["cancelrequest"])
    assert cancelation == [("POST", "RequestWorkitemCancellation")]
    methods, deeper = subscriptions("{workitem}")
    assert methods == [("POST", "SubscribeToWorkitem"), ("DELETE", "UnsubscribeFromWorkitem")]
    assert deeper == {}
    for uid, name in ((WORKLIST, "Worklist"), (FILTERED, "FilteredWorklist")):
        methods, deeper = subscriptions(uid)
        assert methods == [("POST", f"SubscribeTo{name}"), ("DELETE", f"UnsubscribeFrom{name}")]
        assert methods_of(deeper["suspend"]) == [("POST", f"Suspend{name}Subscription")]


def test_the_only_character_set_is_told(archive):
    application = ET.fromstring(options(archive, "/dicomweb").content)

    found = application.findall(f"{WADL_NAME}doc[@title='Character sets']")
    assert [one.text for one in found] == ["UTF-8"]


def test_a_resource_has_itself_and_what_is_below_it(archive):
    application = ET.fromstring(options(archive, f"/dicomweb{INSTANCE}").content)

    (resources,) = application.findall(f"{WADL_NAME}resources")
    ((path, resource),) = below(resources).items()
    assert path == "studies/{study}/series/{series}/instances/{instance}"
    assert methods_of(resource) == [("GET", "RetrieveInstance"), ("DELETE", "DeleteInstance")]
    params = resource.findall(f"{WADL_NAME}param")
    assert [one.get("name") for one in params] == ["study", "series", "instance"]
    assert {one.get("style") for one in params} == {"template"}
    assert {"metadata", "frames", "bulkdata", "rendered", "thumbnail"} <= set(below(resource))


def test_json_has_objects_for_what_is_unique_and_arrays_for_all_else(archive):
    answer = options(archive, "/dicomweb/studies", "application/json")

    assert answer.headers["content-type"] == "application/json"
    (name,) = answer.json()
    application = answer.json()["application"]
    assert name == "application"
    assert application["doc"][0] == {
        "@title": "Conformance statement",
        "value": f"{archive.server.address}/conformance",
    }
    assert application["resources"]["@base"] == archive.server.root
    (studies,) = application["resources"]["resource"]
    assert studies["@path"] == "studies"
    search = studies["method"][0]
    assert (search["@name"], search["@id"]) == ("GET", "SearchForStudies")
    assert search["request"]["param"][0]["@name"] == "Accept"
    assert search["response"][0] == {
        "@status": "200",
        "representation": [
            {"@mediaType": "application/dicom+json"},
            {"@mediaType": "application/json"},
        ],
    }


@pytest.mark.parametrize(
    ("accept", "status", "media_type"),
    [
        (None, 200, WADL),
        ("*/*", 200, WADL),
        ("application/json, application/vnd.sun.wadl+xml;q=0.5", 200, "application/json"),
        ("text/html", 406, "application/json"),
    ],
)
def test_the_form_is_negotiated(archive, accept, status, media_type):
    answer = options(archive, "/dicomweb", accept)

    assert (answer.status_code, answer.headers["content-type"]) == (status, media_type)


def test_links_lead_to_documents_that_are_there(archive):
    answer = options(archive, "/dicomweb")

    links = re.findall(r'<([^>]+)>; rel="([a-z-]+)"', answer.headers["link"])
    assert {rel for _, rel in links} == {"service-desc", "service-doc"}
    assert [httpx.get(address).status_code for address, _ in links] == [200, 200]
    assert "Accept" in answer.headers["vary"]
