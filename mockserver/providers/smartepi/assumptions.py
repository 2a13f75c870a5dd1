"""What SmartEPI's documents leave open, each point a setting."""

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
    """Every point the vendor does not document, with the default we chose."""

    key_propagation: Annotated[
        Duration,
        AssumptionNote("How long a new key is refused with 403.", "Documented as about 60 s; exactly 60 s here."),
    ] = 60 * SECOND
    revocation_lag: Annotated[
        Duration,
        AssumptionNote("How long a revoked key goes on working.", "Documented as about 60 s; exactly 60 s here."),
    ] = 60 * SECOND
    key_lifetime: Annotated[
        Duration,
        AssumptionNote(
            "How long a key lives; 0s is for ever.", "Expired keys get 403, but no expiry setting is described."
        ),
    ] = 0
    webhooks_signed_with: Annotated[
        Literal["whole", "bare"],
        AssumptionNote(
            "Whether webhooks are signed with the whole secret or with what follows whsec_.",
            "The header's form is documented, what is signed with what is not.",
        ),
    ] = "whole"
    malformed_authorization: Annotated[
        Literal[403, 401],
        AssumptionNote(
            "The answer to an Authorization header that is not `Bearer sk_...`.",
            "Not documented; a key that was sent but is invalid gets 403, and 401 is for a missing header only.",
        ),
    ] = 403
    lowercase_bearer: Annotated[
        Literal["accepted", "refused"],
        AssumptionNote(
            "Whether `bearer` in another case is read.", "Not documented; RFC 9110 makes schemes case-insensitive."
        ),
    ] = "accepted"
    key_elsewhere: Annotated[
        Literal["ignored", "x-api-key"],
        AssumptionNote(
            "Where else than Authorization a key is read from.", "Only the Authorization header is documented."
        ),
    ] = "ignored"
    gateway_content_type: Annotated[
        Literal["application/json", "application/json; charset=utf-8"],
        AssumptionNote(
            "The Content-Type of the gateway's own answers.", "Documented only as plain JSON, not problem+json."
        ),
    ] = "application/json"
    unknown_path: Annotated[
        Literal["problem", "gateway"],
        AssumptionNote(
            "Whether an unknown path gets a 404 problem or the gateway's own 403.",
            "Not documented; AWS's own answer to an unmatched route is 403 Missing Authentication Token.",
        ),
    ] = "problem"
    request_id_on_success: Annotated[
        bool,
        AssumptionNote("Whether successful answers carry X-Request-Id too.", "Stated for application errors only."),
    ] = True
    type_bad_request: Annotated[Token, AssumptionNote("The type token of 400.", "Not visible in the documents.")] = (
        "bad_request"
    )
    type_not_found: Annotated[Token, AssumptionNote("The type token of 404.", "Not visible in the documents.")] = (
        "not_found"
    )
    type_method_not_allowed: Annotated[
        Token, AssumptionNote("The type token of 405.", "Not visible in the documents.")
    ] = "method_not_allowed"
    type_internal_error: Annotated[Token, AssumptionNote("The type token of 500.", "Not visible in the documents.")] = (
        "internal_error"
    )
    type_employee_duplicate: Annotated[
        Token,
        AssumptionNote(
            "The type token when an employee's identification or email is taken.",
            "The duplicate is documented as rejected, its token is not visible.",
        ),
    ] = "duplicate_employee"
    titles: Annotated[
        Literal["sentence", "words"],
        AssumptionNote(
            "How titles are written: `Invalid reference` or `Invalid Reference`.", "Seen: `Invalid reference`."
        ),
    ] = "sentence"
    timestamps: Annotated[
        Literal["unix", "iso", "absent"],
        AssumptionNote(
            "How records show createdAt and updatedAt.", "A creation time exists; its name and form are not visible."
        ),
    ] = "unix"
    string_limit: Annotated[
        int, Field(ge=1, le=100_000), AssumptionNote("The longest text in a field.", "No length is documented.")
    ] = 255
    email_check: Annotated[
        Literal["has_at", "none"], AssumptionNote("How an employee's email is checked.", "No format is documented.")
    ] = "has_at"
    employee_needs_identification: Annotated[
        bool,
        AssumptionNote(
            "Whether an employee must have an identification.", "Required fields are not visible; name is assumed."
        ),
    ] = False
    transaction_fields: Annotated[
        Literal["linked", "documented"],
        AssumptionNote(
            "Whether transactions show employeeId, productId, quantity and createdAt beside id and status.",
            "Only id and withdrawalStatus were seen.",
        ),
    ] = "linked"
    transaction_filters: Annotated[
        Literal["none", "linked"],
        AssumptionNote("Whether transactions filter by employeeId and productId.", "No filter is visible."),
    ] = "none"
    employee_filters: Annotated[
        Literal["documented", "all"],
        AssumptionNote(
            "Whether employees filter by jobRoleId and groupId too.", "Only sectorId and costCenterId are named."
        ),
    ] = "documented"
    access_groups_by_id: Annotated[
        Literal["refused", "answered"],
        AssumptionNote("Whether GET /access-groups/{id} is 405 or answers.", "Not documented; returns are list-only."),
    ] = "refused"
    withdrawals_by_id: Annotated[
        Literal["refused", "answered"],
        AssumptionNote("Whether GET /withdrawals/{id} is 405 or answers.", "Not documented; returns are list-only."),
    ] = "refused"
    exchanges_by_id: Annotated[
        Literal["refused", "answered"],
        AssumptionNote("Whether GET /exchanges/{id} is 405 or answers.", "Not documented; returns are list-only."),
    ] = "refused"
    deleted_records: Annotated[
        Literal["hidden", "readable"],
        AssumptionNote(
            "Whether GET by id still answers for a softly deleted record; lists never show it.",
            "DELETE is documented as soft; what is seen afterwards is not.",
        ),
    ] = "hidden"
    deleted_names: Annotated[
        Literal["free", "taken"],
        AssumptionNote("Whether a deleted record's name can be used again.", "Not documented."),
    ] = "free"
    cost_center_codes: Annotated[
        Literal["free", "unique"], AssumptionNote("Whether two cost centers may share a code.", "Not documented.")
    ] = "free"
    transactions_block_deletes: Annotated[
        bool,
        AssumptionNote(
            "Whether an employee or product with transactions is in use.", "Only edges between org data are named."
        ),
    ] = False
    null_fields: Annotated[
        Literal["cleared", "kept", "refused"],
        AssumptionNote("What an explicit null does to an optional field on update.", "Not documented; PUT is partial."),
    ] = "cleared"
    group_rules: Annotated[
        Literal["replaced", "merged"],
        AssumptionNote("Whether rules in an update replace those there are, or merge by productId.", "Not documented."),
    ] = "replaced"
    nested_rows: Annotated[
        Literal["kept", "removed"],
        AssumptionNote(
            "What becomes of sizes and certificates that an update leaves out.",
            "Rows are upserted by id; no way to remove one is documented.",
        ),
    ] = "kept"
    nested_members: Annotated[
        Literal["kept", "dropped"],
        AssumptionNote(
            "What becomes of members of sizes, certificates and rules beside id and productId.",
            "They exist, but their names are not visible.",
        ),
    ] = "kept"
    if_match_and_version: Annotated[
        Literal["header", "other", "refused"],
        AssumptionNote(
            "Which wins when If-Match and _version differ.", "Not documented; If-Match is called preferred."
        ),
    ] = "header"
    if_match_unquoted: Annotated[
        Literal["accepted", "refused"], AssumptionNote("Whether If-Match: 4 is read.", 'Documented is If-Match: "4".')
    ] = "accepted"
    if_match_weak: Annotated[
        Literal["accepted", "refused"],
        AssumptionNote('Whether If-Match: W/"4" is read.', "RFC 9110 compares strongly."),
    ] = "refused"
    if_match_star: Annotated[
        Literal["accepted", "refused"], AssumptionNote("Whether If-Match: * matches any version.", "Not documented.")
    ] = "refused"
    fields_before_record: Annotated[
        bool,
        AssumptionNote(
            "Whether an update refuses wrong fields before a missing record or a stale version.",
            "The order of refusals behind the gateway is not documented.",
        ),
    ] = False
    location: Annotated[
        Literal["relative", "absolute"],
        AssumptionNote(
            "Whether Location is a path or a whole URL.", "Documented as the URL of the new record, its form not."
        ),
    ] = "relative"
    cursor_with_other_filters: Annotated[
        Literal["refused", "accepted"],
        AssumptionNote("Whether a cursor may be used with other filters.", "Not documented; a corrupt cursor is 400."),
    ] = "refused"

    @cached_property
    def rules(self) -> ResourceRules:
        """What they mean for records."""
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
"""The assumptions of the sandbox a call or a simulation is in."""


def record_rules(call: Call) -> ResourceRules:
    """What the assumptions mean for records."""
    return assumptions_of(call).rules
