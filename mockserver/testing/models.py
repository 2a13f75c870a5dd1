"""What the admin API answers, as types; the names are those of the JSON."""

from typing import Any, Literal, NotRequired, TypedDict


class Bound(TypedDict):
    """How much there may be of something, and what happens beyond."""

    name: str
    value: float
    sentence: str
    beyond: str


class About(TypedDict):
    """The settings of a server, None where it is served by something else, and its bounds."""

    settings: dict[str, Any] | None
    bounds: list[Bound]


class Key(TypedDict):
    """An API key, its secret readable: it opens fake data."""

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
    """A timer of the sandbox that will go off."""

    id: str
    at: str
    action: str
    parameters: dict[str, Any]


class Time(TypedDict):
    """What time it is in a sandbox, and what falls due next; ``done`` is there after a move."""

    now: str
    state: Literal["running", "frozen"]
    due: list[Due]
    done: NotRequired[list[dict[str, Any]]]


class SandboxView(TypedDict):
    """A sandbox, with everything a client needs to begin."""

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
    """One operation of a provider."""

    name: str
    method: str
    path: str
    summary: str
    scope: str | None


class Assumption(TypedDict):
    """A point the vendor leaves open, as a setting."""

    name: str
    type: str
    default: Any
    sentence: str
    evidence: str


_Definitions = TypedDict("_Definitions", {"$defs": NotRequired[dict[str, Any]]})


class Simulation(_Definitions):
    """Something that can happen off stage, and the form of its parameters in JSON Schema."""

    name: str
    sentence: str
    parameters: dict[str, Any]
    required: NotRequired[list[str]]


class Provider(TypedDict):
    """A simulated API: what it offers, what is assumed, what can be simulated."""

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
    """A call in one line, as the journal lists it."""

    id: str
    at: str
    method: str
    path: str
    operation: str | None
    status: int | None
    milliseconds: float
    faults: list[str]


class WholeCall(Call):
    """A call with its bodies and its trace."""

    key: str | None
    request: dict[str, Any]
    response: dict[str, Any]
    wire: dict[str, str] | None
    problem: str | None
    trace: list[dict[str, Any]]
    rules: list[dict[str, Any]]
    bug: str | None


class Missed(Call):
    """A call that came near what was looked for, and why it was not meant."""

    why: list[str]


class Fault(TypedDict):
    """A fault rule, how often it has matched and fired, and what came nearest when it never did."""

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
    """A call, and whether a rule would have hit it."""

    hit: bool


class Preview(TypedDict):
    """What a rule would have done to the last calls."""

    calls: list[PreviewedCall]
    hit: int


class Scenario(TypedDict):
    """A scenario; whether it is on is known of a sandbox only."""

    name: str
    sentence: str
    parameters: dict[str, Any]
    on: NotRequired[bool]
    chosen: NotRequired[dict[str, Any] | None]
    since: NotRequired[str | None]


class Event(TypedDict):
    """Something that happened in a sandbox."""

    id: str
    type: str
    created_at: str
    data: Any


class Webhook(TypedDict):
    """A webhook endpoint, its secret readable."""

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
    """One attempt to deliver an event."""

    at: str
    status: int | None
    error: str | None
    milliseconds: float
    headers: list[list[str]]
    body: str
    answer: str
    faults: list[str]


class Delivery(TypedDict):
    """An event on its way to an endpoint, with every attempt."""

    id: str
    endpoint: str
    event: Event
    state: Literal["pending", "delivered", "failed", "dropped", "abandoned"]
    due: str | None
    faults: list[str]
    attempts: list[Attempt]


class Snapshot(TypedDict):
    """A state kept under a name."""

    name: str
    taken_at: str


class ExportedState(TypedDict):
    """Everything a sandbox keeps."""

    provider: str
    collections: dict[str, Any]
