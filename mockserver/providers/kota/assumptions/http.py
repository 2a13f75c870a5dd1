"""Assumptions about keys, requests and responses."""

from __future__ import annotations

from typing import Annotated, Literal

from mockserver.engine import AssumptionNote, Assumptions


class HttpAssumptions(Assumptions):
    platform_type: Annotated[
        Literal["employer_of_record", "payroll_provider", "hr_platform"],
        AssumptionNote(
            "The type of platform that the sandbox simulates.",
            "Two types are named and a third is mentioned; Kota sets the type when it creates a platform.",
        ),
    ] = "payroll_provider"
    hosted: Annotated[
        bool,
        AssumptionNote(
            "Whether the platform uses Kota's hosted pages. If so, an employee who is added to a group gets an "
            "enrolment intent by default.",
            "The guide states the defaults with and without hosted pages; Kota decides which platforms are hosted.",
        ),
    ] = False
    https_only: Annotated[
        bool,
        AssumptionNote(
            "Whether plain HTTP is refused with 403.",
            "The refusal is documented, its response is not. Loopback has no TLS.",
        ),
    ] = False
    live_keys: Annotated[
        Literal["refused", "accepted"],
        AssumptionNote("Whether the sandbox accepts live keys.", "The test host has separate keys."),
    ] = "refused"
    new_key: Annotated[
        Literal["403", "401"],
        AssumptionNote("The status while a new key is not accepted yet.", "Not documented."),
    ] = "403"
    external_customer_elsewhere: Annotated[
        Literal["ignored", "refused"],
        AssumptionNote(
            "What happens to external_customer_id from a platform that is not an employer of record.",
            "Documented as available to employers of record only; the response to others is not documented.",
        ),
    ] = "ignored"
    malformed_id: Annotated[
        Literal["404", "400"],
        AssumptionNote(
            "The status for a malformed id in the path.", "Not documented; most read operations declare only 404."
        ),
    ] = "404"
    unknown_reference: Annotated[
        Literal["as_declared", "404", "400"],
        AssumptionNote(
            "The status for an unknown id in a body; as_declared is 404 if the operation declares it, else 400.",
            "Not documented; creating an employee declares only 400.",
        ),
    ] = "as_declared"
    fields_first: Annotated[
        bool,
        AssumptionNote(
            "Whether an invalid field is refused before an unknown record of the path.",
            "Not documented; the framework that Kota's errors come from reads the body first.",
        ),
    ] = True
    method_not_allowed: Annotated[
        Literal["405", "404"],
        AssumptionNote("The status of a method that a path does not have.", "Kota lists no 405; HTTP requires it."),
    ] = "405"
    error_paths: Annotated[
        Literal["plain", "json_path"],
        AssumptionNote(
            "How `errors` names a field: legal_address.postal_code or $.legal_address.postal_code.",
            "The text calls it a JSON path; no example was available.",
        ),
    ] = "plain"
    trace_ids: Annotated[
        Literal["sent", "omitted"],
        AssumptionNote("Whether refusals have a trace_id.", "Optional in the text, present in both examples."),
    ] = "sent"
    null_members: Annotated[
        Literal["sent", "omitted"],
        AssumptionNote("Whether members without a value are sent as null or left out.", "Not documented."),
    ] = "sent"
    fraction_digits: Annotated[
        Literal[0, 3, 6],
        AssumptionNote(
            "How many fractional digits the seconds of a date and time have.", "Not documented; examples have none."
        ),
    ] = 0
    page_out_of_range: Annotated[
        Literal["refused", "clamped"],
        AssumptionNote(
            "Whether a page or page_size out of range is refused with 400 or replaced by the nearest valid one.",
            "The maximum of 100 is documented; what happens beyond it is not.",
        ),
    ] = "refused"
    page_size_shown: Annotated[
        Literal["returned", "asked"],
        AssumptionNote(
            "Whether page_size in a response is the number of items on the page or the number requested.",
            "Described as the number on the page.",
        ),
    ] = "returned"
    insurers: Annotated[
        Literal["up", "down"],
        AssumptionNote(
            "Whether the insurers respond; without them, operations that need one fail with 500 third_party_error.",
            "The error is documented; when it happens is not.",
        ),
    ] = "up"
