"""The assumptions of SmartEPI."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from operator import attrgetter
from typing import Annotated, Literal, cast

from pydantic import Field

from mockserver.engine import (
    SECOND,
    AssumptionNote,
    Assumptions,
    Call,
    Duration,
    ResourceRules,
    SimulationContext,
    VersionRules,
)

Token = Annotated[str, Field(pattern=r"^[a-z][a-z_]{0,49}$")]


class SmartEPIAssumptions(Assumptions):
    key_propagation: Annotated[
        Duration,
        AssumptionNote(
            "How long a new key is refused with 403 before it is accepted.",
            "Documented as about 60 s; exactly 60 s here.",
        ),
    ] = 60 * SECOND
    revocation_lag: Annotated[
        Duration,
        AssumptionNote("How long a revoked key is still accepted.", "Documented as about 60 s; exactly 60 s here."),
    ] = 60 * SECOND
    key_lifetime: Annotated[
        Duration,
        AssumptionNote(
            "How long a key is valid; 0s means without limit.",
            "Expired keys get 403, but no expiry setting is described.",
        ),
    ] = 0
    webhooks_signed_with: Annotated[
        Literal["whole", "bare"],
        AssumptionNote(
            "Whether webhooks are signed with the whole secret or without its prefix whsec_.",
            "The format of the header is documented; the signing key and the signing input are not.",
        ),
    ] = "whole"
    malformed_authorization: Annotated[
        Literal[403, 401],
        AssumptionNote(
            "The status for an Authorization header that is not `Bearer sk_...`.",
            "Not documented; an invalid key gets 403, and 401 is only for a missing header.",
        ),
    ] = 403
    lowercase_bearer: Annotated[
        Literal["accepted", "refused"],
        AssumptionNote(
            "Whether the scheme is accepted in another case, such as `bearer`.",
            "Not documented; RFC 9110 makes schemes case-insensitive.",
        ),
    ] = "accepted"
    key_elsewhere: Annotated[
        Literal["ignored", "x-api-key"],
        AssumptionNote(
            "Which header other than Authorization can contain the key.", "Only the Authorization header is documented."
        ),
    ] = "ignored"
    gateway_content_type: Annotated[
        Literal["application/json", "application/json; charset=utf-8"],
        AssumptionNote(
            "The Content-Type of the gateway's responses.", "Documented only as plain JSON and not problem+json."
        ),
    ] = "application/json"
    unknown_path: Annotated[
        Literal["problem", "gateway"],
        AssumptionNote(
            "Whether an unknown path gets a 404 problem or a 403 of the gateway.",
            "Not documented; AWS responds to an unknown route with 403 Missing Authentication Token.",
        ),
    ] = "problem"
    request_id_on_success: Annotated[
        bool,
        AssumptionNote(
            "Whether successful responses also have X-Request-Id.", "Documented for application errors only."
        ),
    ] = True
    type_bad_request: Annotated[
        Token,
        AssumptionNote(
            "The last part of `type` in a 400 error: `urn:smartepi:error:<token>`.", "Not visible in the documents."
        ),
    ] = "bad_request"
    type_not_found: Annotated[
        Token,
        AssumptionNote(
            "The last part of `type` in a 404 error: `urn:smartepi:error:<token>`.", "Not visible in the documents."
        ),
    ] = "not_found"
    type_method_not_allowed: Annotated[
        Token,
        AssumptionNote(
            "The last part of `type` in a 405 error: `urn:smartepi:error:<token>`.", "Not visible in the documents."
        ),
    ] = "method_not_allowed"
    type_internal_error: Annotated[
        Token,
        AssumptionNote(
            "The last part of `type` in a 500 error: `urn:smartepi:error:<token>`.", "Not visible in the documents."
        ),
    ] = "internal_error"
    type_employee_duplicate: Annotated[
        Token,
        AssumptionNote(
            "The last part of `type` when an employee's identification or email is already in use.",
            "Documented as rejected; the token is not visible.",
        ),
    ] = "duplicate_employee"
    titles: Annotated[
        Literal["sentence", "words"],
        AssumptionNote(
            "Whether titles are written as `Invalid reference` or `Invalid Reference`.",
            "The documents show `Invalid reference`.",
        ),
    ] = "sentence"
    timestamps: Annotated[
        Literal["unix", "iso", "absent"],
        AssumptionNote(
            "The format of createdAt and updatedAt in records.",
            "A creation time exists; its name and format are not visible.",
        ),
    ] = "unix"
    string_limit: Annotated[
        int,
        Field(ge=1, le=100_000),
        AssumptionNote("The maximum length of a text field in characters.", "No limit is documented."),
    ] = 255
    email_check: Annotated[
        Literal["has_at", "none"], AssumptionNote("How an employee's email is checked.", "No format is documented.")
    ] = "has_at"
    employee_needs_identification: Annotated[
        bool,
        AssumptionNote(
            "Whether an employee must have an identification.",
            "The required fields are not visible; only name is assumed to be required.",
        ),
    ] = False
    transaction_fields: Annotated[
        Literal["linked", "documented"],
        AssumptionNote(
            "Whether withdrawals, returns and exchanges (transactions) have employeeId, productId, quantity and "
            "createdAt in addition to id and status.",
            "The documents show only id and withdrawalStatus.",
        ),
    ] = "linked"
    transaction_filters: Annotated[
        Literal["none", "linked"],
        AssumptionNote(
            "Whether lists of transactions can be filtered by employeeId and productId.", "No filter is visible."
        ),
    ] = "none"
    employee_filters: Annotated[
        Literal["documented", "all"],
        AssumptionNote(
            "Whether the list of employees can also be filtered by jobRoleId and groupId.",
            "Only sectorId and costCenterId are named.",
        ),
    ] = "documented"
    access_groups_by_id: Annotated[
        Literal["refused", "answered"],
        AssumptionNote(
            "Whether GET /access-groups/{id} is refused with 405 or returns the record.",
            "Not documented here; assumed as for returns, which are documented as list only.",
        ),
    ] = "refused"
    withdrawals_by_id: Annotated[
        Literal["refused", "answered"],
        AssumptionNote(
            "Whether GET /withdrawals/{id} is refused with 405 or returns the record.",
            "Not documented here; assumed as for returns, which are documented as list only.",
        ),
    ] = "refused"
    exchanges_by_id: Annotated[
        Literal["refused", "answered"],
        AssumptionNote(
            "Whether GET /exchanges/{id} is refused with 405 or returns the record.",
            "Not documented here; assumed as for returns, which are documented as list only.",
        ),
    ] = "refused"
    deleted_records: Annotated[
        Literal["hidden", "readable"],
        AssumptionNote(
            "Whether GET by id still returns a soft-deleted record; lists never contain it.",
            "DELETE is documented as soft; what GET returns afterwards is not.",
        ),
    ] = "hidden"
    deleted_names: Annotated[
        Literal["free", "taken"],
        AssumptionNote("Whether the name of a deleted record can be used again.", "Not documented."),
    ] = "free"
    cost_center_codes: Annotated[
        Literal["free", "unique"], AssumptionNote("Whether two cost centers can have the same code.", "Not documented.")
    ] = "free"
    transactions_block_deletes: Annotated[
        bool,
        AssumptionNote(
            "Whether an employee or product with transactions cannot be deleted.",
            "The documentation only says that references from the organization's other records block a delete; "
            "it does not mention transactions.",
        ),
    ] = False
    null_fields: Annotated[
        Literal["cleared", "kept", "refused"],
        AssumptionNote(
            "The effect of null for an optional field in an update: it clears the field, is ignored, or is refused.",
            "Not documented; PUT is partial.",
        ),
    ] = "cleared"
    group_rules: Annotated[
        Literal["replaced", "merged"],
        AssumptionNote("Whether an update replaces the existing rules or merges them by productId.", "Not documented."),
    ] = "replaced"
    nested_rows: Annotated[
        Literal["kept", "removed"],
        AssumptionNote(
            "Whether sizes and certificates that an update omits are kept or removed.",
            "Rows are upserted by id; no way to remove a row is documented.",
        ),
    ] = "kept"
    nested_members: Annotated[
        Literal["kept", "dropped"],
        AssumptionNote(
            "Whether members other than `id` and `productId` are kept or dropped in sizes, certificates and rules.",
            "Such members exist, but their names are not visible.",
        ),
    ] = "kept"
    if_match_and_version: Annotated[
        Literal["header", "other", "refused"],
        AssumptionNote(
            "Which version counts when If-Match and _version differ; refused means 400.",
            "Not documented; If-Match is described as preferred.",
        ),
    ] = "header"
    if_match_unquoted: Annotated[
        Literal["accepted", "refused"],
        AssumptionNote("Whether If-Match: 4, without quotes, is accepted.", 'Only If-Match: "4" is documented.'),
    ] = "accepted"
    if_match_weak: Annotated[
        Literal["accepted", "refused"],
        AssumptionNote('Whether the weak tag If-Match: W/"4" is accepted.', "RFC 9110 requires a strong comparison."),
    ] = "refused"
    if_match_star: Annotated[
        Literal["accepted", "refused"], AssumptionNote("Whether If-Match: * matches any version.", "Not documented.")
    ] = "refused"
    fields_before_record: Annotated[
        bool,
        AssumptionNote(
            "Whether an update reports invalid fields before it reports an unknown record or a stale version.",
            "The order of the checks behind the gateway is not documented.",
        ),
    ] = False
    location: Annotated[
        Literal["relative", "absolute"],
        AssumptionNote("Whether Location is a path or an absolute URL.", "Documented as a URL, without its form."),
    ] = "relative"
    cursor_with_other_filters: Annotated[
        Literal["refused", "accepted"],
        AssumptionNote(
            "Whether a cursor is accepted with other filters than those of its list.",
            "Not documented; a corrupt cursor gets 400.",
        ),
    ] = "refused"

    @cached_property
    def rules(self) -> ResourceRules:
        """These assumptions as the options of the engine's resources."""
        return ResourceRules(
            versions=VersionRules(
                both=self.if_match_and_version,
                unquoted=self.if_match_unquoted,
                weak=self.if_match_weak,
                wildcard=self.if_match_star,
            ),
            checks_fields_first=self.fields_before_record,
            deleted_readable=self.deleted_records == "readable",
            deleted_reserve_names=self.deleted_names == "taken",
            accepts_any_cursor=self.cursor_with_other_filters == "accepted",
            absolute_location=self.location == "absolute",
        )


assumptions_of = cast("Callable[[Call | SimulationContext], SmartEPIAssumptions]", attrgetter("sandbox.assumptions"))
"""Returns the assumptions of the sandbox of a call or simulation."""


def record_rules(call: Call) -> ResourceRules:
    return assumptions_of(call).rules
