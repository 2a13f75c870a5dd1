"""What Kota's documents leave open about requests and answers as such."""

from __future__ import annotations

from typing import Annotated, Literal

from mockserver.engine import AssumptionNote, Assumptions


class HttpAssumptions(Assumptions):
    """Keys, refusals, paths of errors, pages, what is left out."""

    platform_type: Annotated[
        Literal["employer_of_record", "payroll_provider", "hr_platform"],
        AssumptionNote(
            "What kind of platform the sandbox is.",
            "Two types are named and a third spoken of; Kota sets it when it makes a platform.",
        ),
    ] = "payroll_provider"
    hosted: Annotated[
        bool,
        AssumptionNote(
            "Whether the platform uses Kota's hosted pages: then whoever is added to a group gets an enrolment intent.",
            "The guide states both defaults; which platforms are hosted is set by Kota.",
        ),
    ] = False
    https_only: Annotated[
        bool,
        AssumptionNote(
            "Whether plain HTTP is refused, with 403.", "Documented; how it fails is not. Loopback has no TLS."
        ),
    ] = False
    live_keys: Annotated[
        Literal["refused", "accepted"],
        AssumptionNote("Whether keys of the live mode open this sandbox.", "The test host has keys of its own."),
    ] = "refused"
    new_key: Annotated[
        Literal["403", "401"],
        AssumptionNote("The status while a new key is not yet known everywhere.", "Not documented."),
    ] = "403"
    external_customer_elsewhere: Annotated[
        Literal["ignored", "refused"],
        AssumptionNote(
            "What a platform that is no employer of record hears when it sends external_customer_id.",
            "Documented as available to employers of record only; what happens to others is not said.",
        ),
    ] = "ignored"
    malformed_id: Annotated[
        Literal["404", "400"],
        AssumptionNote(
            "The answer to an id in the path that cannot be one.", "Not documented; most reads declare 404 alone."
        ),
    ] = "404"
    unknown_reference: Annotated[
        Literal["as_declared", "404", "400"],
        AssumptionNote(
            "The answer to an id in a body that names nothing: as_declared is 404 where the operation declares one.",
            "Not documented; creating an employee declares 400 alone.",
        ),
    ] = "as_declared"
    fields_first: Annotated[
        bool,
        AssumptionNote(
            "Whether a wrong field is refused before a missing record of the path.",
            "Not documented; the framework that Kota's errors come from reads the body first.",
        ),
    ] = True
    method_not_allowed: Annotated[
        Literal["405", "404"],
        AssumptionNote("The status of a method a path has not.", "405 is in no list of Kota's; HTTP says it."),
    ] = "405"
    error_paths: Annotated[
        Literal["plain", "json_path"],
        AssumptionNote(
            "How `errors` names a field: legal_address.postal_code or $.legal_address.postal_code.",
            "Called a JSON path in prose; no example could be read.",
        ),
    ] = "plain"
    trace_ids: Annotated[
        Literal["sent", "omitted"],
        AssumptionNote("Whether refusals have a trace_id.", "Optional in prose, present in both examples."),
    ] = "sent"
    null_members: Annotated[
        Literal["sent", "omitted"],
        AssumptionNote("Whether members without a value are sent as null or left out.", "Not documented."),
    ] = "sent"
    fraction_digits: Annotated[
        Literal[0, 3, 6],
        AssumptionNote("How many digits behind the second a date and time has.", "Not documented; examples have none."),
    ] = 0
    page_out_of_range: Annotated[
        Literal["refused", "clamped"],
        AssumptionNote(
            "Whether a page or page_size out of range is refused with 400 or taken for the nearest that exists.",
            "The maximum of 100 is documented, what happens beyond it is not.",
        ),
    ] = "refused"
    page_size_shown: Annotated[
        Literal["returned", "asked"],
        AssumptionNote(
            "Whether page_size in an answer is the number of items on the page or the number asked for.",
            "Described as the number on the page.",
        ),
    ] = "returned"
    insurers: Annotated[
        Literal["up", "down"],
        AssumptionNote(
            "Whether the insurers answer; while they are down, what needs one is answered 500 third_party_error.",
            "The error is documented, when it happens is not.",
        ),
    ] = "up"
