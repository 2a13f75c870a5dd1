"""Unknown paths and methods are refused by the provider."""

from __future__ import annotations

import pytest

from tests.support.harness import Harness


@pytest.mark.parametrize("path", ["/", "/v1", "/v1/", "/v1/note", "/v1/notes/1", "/v2/notes", "/v1/notes/"])
def test_an_unknown_path_is_a_404_of_the_provider(acme: Harness, path: str) -> None:
    response = acme.request("GET", path)
    assert (response.status_code, response.json["code"], response.json["raised_in"]) == (404, "no_such_path", "locate")


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND"])
def test_a_wrong_method_is_a_405_with_the_allowed_ones(acme: Harness, method: str) -> None:
    response = acme.request(method, "/v1/notes")
    assert (response.status_code, response.json["code"]) == (405, "method_not_allowed")
    assert response.headers["Allow"] == "GET, POST"


def test_head_is_refused_unless_it_is_declared(acme: Harness) -> None:
    assert acme.request("HEAD", "/v1/notes").status_code == 405


def test_an_operation_that_an_assumption_disables_is_a_405(harness: Harness) -> None:
    path = "/v1/withdrawals/w-1"
    assert harness.request("GET", path).status_code == 405
    harness.admin("PATCH", "/sandboxes/smartepi", {"assumptions": {"withdrawals_by_id": "answered"}})
    assert harness.request("GET", path).status_code == 200


def test_a_path_without_methods_has_an_empty_allow_header(harness: Harness) -> None:
    response = harness.request("GET", "/v1/returns/r-1")
    assert (response.status_code, response.headers["Allow"]) == (405, "")
