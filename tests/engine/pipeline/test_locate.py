"""What a provider does not have is refused in its own words."""

from __future__ import annotations

import pytest

from tests.support.harness import Harness


@pytest.mark.parametrize("path", ["/", "/v1", "/v1/", "/v1/note", "/v1/notes/1", "/v2/notes", "/v1/notes/"])
def test_an_unknown_path_is_404_in_the_providers_words(acme: Harness, path: str) -> None:
    answer = acme.request("GET", path)
    assert (answer.status_code, answer.json["code"], answer.json["raised_in"]) == (404, "no_such_path", "locate")


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND"])
def test_a_wrong_method_is_405_and_names_the_right_ones(acme: Harness, method: str) -> None:
    answer = acme.request(method, "/v1/notes")
    assert (answer.status_code, answer.json["code"]) == (405, "method_not_allowed")
    assert answer.headers["Allow"] == "GET, POST"


def test_head_is_no_get_where_it_is_not_documented(acme: Harness) -> None:
    assert acme.request("HEAD", "/v1/notes").status_code == 405


def test_an_operation_that_is_not_offered_is_405_until_it_is(harness: Harness) -> None:
    path = "/v1/withdrawals/w-1"
    assert harness.request("GET", path).status_code == 405
    harness.admin("PATCH", "/sandboxes/smartepi", {"assumptions": {"withdrawals_by_id": "answered"}})
    assert harness.request("GET", path).status_code == 200


def test_a_path_without_any_method_allows_none(harness: Harness) -> None:
    answer = harness.request("GET", "/v1/returns/r-1")
    assert (answer.status_code, answer.headers["Allow"]) == (405, "")
