"""Types of the JSON that the admin API returns."""

from typing import Any, Literal, NotRequired, TypedDict


class Bound(TypedDict):
    """A bound of the server: ``sentence`` says what is limited, ``beyond`` what happens above ``value``."""

    name: str
    value: float
    sentence: str
    beyond: str


class About(TypedDict):
    """The settings of a server (None if it was not started by ``testmode serve``), and its bounds."""

    settings: dict[str, Any] | None
    bounds: list[Bound]


class Key(TypedDict):
    """An API key; ``secret`` is not redacted, because it gives access only to fake data."""

    id: str
    secret: str
    state: str
    mode: str | None
    scopes: list[str]
    cidrs: list[str]
    created_at: str | None
    active_at: str | None
    expires_at: str | None
    revoked_at: str | None
    dead_at: str | None


class Due(TypedDict):
    """A timer that is scheduled at the instant ``at``."""

    id: str
    at: str
    action: str
    parameters: dict[str, Any]


class Time(TypedDict):
    """The time of a sandbox and its next timers; ``done`` lists the timers and deliveries that a change ran."""

    now: str
    state: Literal["running", "frozen"]
    due: list[Due]
    done: NotRequired[list[dict[str, Any]]]


class SandboxView(TypedDict):
    """A sandbox with its base URL, keys, clock and settings; ``example`` is the URL of a first request."""

    id: str
    provider: str
    name: str
    slug: NotRequired[str]
    seed: str
    size: str
    base_url: str
    keys: list[Key]
    clock: Time
    limits: dict[str, Any]
    latency: dict[str, Any] | None
    assumptions: dict[str, Any]
    scenarios: list[str]
    example: str


class Operation(TypedDict):
    name: str
    method: str
    path: str
    summary: str
    scope: str | None


class Assumption(TypedDict):
    """A setting for a point that the vendor does not document; ``evidence`` is the reason for its default."""

    name: str
    type: str
    default: Any
    sentence: str
    evidence: str


_Definitions = TypedDict("_Definitions", {"$defs": NotRequired[dict[str, Any]]})


class Simulation(_Definitions):
    """Something that can happen outside the API, with the JSON Schemas of its parameters."""

    name: str
    sentence: str
    parameters: dict[str, Any]
    required: NotRequired[list[str]]


class Provider(TypedDict):
    name: str
    title: str
    version: str
    tenant: str
    prefix: str
    operations: list[Operation]
    assumptions: list[Assumption]
    simulations: list[Simulation]
    scopes: list[str]
    modes: list[str]
    stages: list[str]
    events: list[str]
    test_event: str | None
    notes: list[str]


class Call(TypedDict):
    """A call as the journal lists it; ``faults`` are the ids of the rules that fired."""

    id: str
    at: str
    method: str
    path: str
    operation: str | None
    status: int | None
    milliseconds: float
    faults: list[str]


class WholeCall(Call):
    """A call with its bodies, its trace, and the result of each current fault rule."""

    key: str | None
    request: dict[str, Any]
    response: dict[str, Any]
    wire: dict[str, str] | None
    problem: str | None
    trace: list[dict[str, Any]]
    rules: list[dict[str, Any]]
    bug: str | None


class Missed(Call):
    """A near miss: a call, and in ``why`` the reasons why it did not match."""

    why: list[str]


class Fault(TypedDict):
    """A fault rule with its counts; ``nearest_miss`` is present if it never fired."""

    id: str
    enabled: bool
    priority: int
    match: dict[str, Any]
    trigger: dict[str, Any]
    fault: dict[str, Any]
    set_at: str
    scenario: str | None
    matched: int
    fired: int
    nearest_miss: NotRequired[dict[str, Any] | None]


class PreviewedCall(Call):
    hit: bool


class Preview(TypedDict):
    """The most recent calls, and in ``hit`` how many of them a rule would have hit."""

    calls: list[PreviewedCall]
    hit: int


class Scenario(TypedDict):
    """A scenario; ``on``, ``chosen`` and ``since`` are present only for a sandbox."""

    name: str
    sentence: str
    parameters: dict[str, Any]
    on: NotRequired[bool]
    chosen: NotRequired[dict[str, Any] | None]
    since: NotRequired[str | None]


class Event(TypedDict):
    """An event of a sandbox, as webhooks announce it."""

    id: str
    type: str
    created_at: str
    data: Any


class Webhook(TypedDict):
    """A webhook endpoint; ``secret`` is not redacted."""

    id: str
    url: str
    events: list[str]
    version: str | None
    secret: str
    description: str
    enabled: bool
    previous_secret: dict[str, str] | None
    created_at: str


class Attempt(TypedDict):
    """An HTTP request of a delivery, with its response or its error."""

    at: str
    status: int | None
    error: str | None
    milliseconds: float
    headers: list[list[str]]
    body: str
    answer: str
    faults: list[str]


class Delivery(TypedDict):
    """The delivery of an event to an endpoint, with all attempts; ``due`` is the instant of the next attempt."""

    id: str
    endpoint: str
    event: Event
    state: Literal["pending", "delivered", "failed", "dropped", "abandoned"]
    due: str | None
    faults: list[str]
    attempts: list[Attempt]


class Snapshot(TypedDict):
    """The name and the time of a stored state."""

    name: str
    taken_at: str


class ExportedState(TypedDict):
    """The state of a sandbox: the records of every collection."""

    provider: str
    collections: dict[str, Any]
