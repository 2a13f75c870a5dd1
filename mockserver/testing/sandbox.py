"""The sandbox of a test, which the test controls through the admin API."""

from __future__ import annotations

from typing import Any

from mockserver.testing import models
from mockserver.testing.api import Api, ApiPath, TestmodeError
from mockserver.testing.controls import Clock, Faults, Scenarios, State, Switch
from mockserver.testing.inspection import Deliveries, Requests, Webhooks


class Sandbox:
    """An isolated tenant of a provider, selected by the key of a client. Methods raise TestmodeError on refusal."""

    def __init__(self, api: Api, view: models.SandboxView) -> None:
        self.id = view["id"]
        self.provider = view["provider"]
        self.base_url = view["base_url"]
        """The base URL for a client of the provider."""
        self._path = ApiPath(api, ("sandboxes", self.id))
        self.clock = Clock(self._path.child("clock"))
        self.faults = Faults(self._path.child("faults"))
        self.scenarios = Scenarios(self._path.child("scenarios"))
        self.requests = Requests(self._path.child("requests"))
        self.webhooks = Webhooks(self._path.child("webhooks"))
        self.deliveries = Deliveries(self._path.child("deliveries"))
        self.state = State(self._path.child("state"))

    def __repr__(self) -> str:
        return f"<Sandbox {self.id} of {self.provider} at {self.base_url}>"

    def show(self) -> models.SandboxView:
        """Returns the current keys, clock and settings."""
        view: models.SandboxView = self._path.request("GET")
        return view

    @property
    def key(self) -> str:
        """The secret of the first key that is accepted now; raises TestmodeError if there is none."""
        for key in self.keys:
            if key["state"] in ("active", "expiring"):
                return key["secret"]
        raise TestmodeError(f"{self.id} has no key that works now", None, self._path.api.url)

    @property
    def keys(self) -> list[models.Key]:
        """All keys with their secrets and current states."""
        keys: list[models.Key] = self._path.request("GET", "keys")
        return keys

    def mint_key(self, **settings: Any) -> models.Key:
        """Creates a key: ``mode``, ``scopes``, ``cidrs``, ``activates_in``, ``expires_in``, ``revokes_in``."""
        key: models.Key = self._path.request("POST", "keys", body=settings)
        return key

    def revoke_key(self, key: str, **options: Any) -> models.Key:
        """Revokes a key by its id or secret; it is still accepted for the duration ``lingers``."""
        revoked: models.Key = self._path.request("DELETE", "keys", key, body=options)
        return revoked

    def scenario(self, name: str, **parameters: Any) -> Switch:
        """Switches a scenario on; a ``with`` statement switches it off at the end of its block."""
        return self.scenarios.on(name, **parameters)

    @property
    def simulations(self) -> list[models.Simulation]:
        """The simulations with the JSON Schemas of their parameters."""
        simulations: list[models.Simulation] = self._path.request("GET", "simulations")
        return simulations

    def simulate(self, name: str, *, after: str = "0s", **parameters: Any) -> Any:
        """Runs a simulation now, or schedules it after a duration on the sandbox's clock."""
        delay = {} if after == "0s" else {"in": after}
        return self._path.request("POST", "simulations", name, body={**parameters, **delay})

    @property
    def events(self) -> list[models.Event]:
        """All events in chronological order."""
        events: list[models.Event] = self._path.request("GET", "events")
        return events

    @property
    def collections(self) -> dict[str, int]:
        """The number of records of each collection, by name."""
        return {each["name"]: each["records"] for each in self._path.request("GET", "collections")}

    def records(self, collection: str, limit: int = 100) -> list[dict[str, Any]]:
        """Returns the most recent records of a collection as stored, including members that the API does not return."""
        records: list[dict[str, Any]] = self._path.request("GET", "collections", collection, limit=limit)["records"]
        return records

    @property
    def snapshots(self) -> list[models.Snapshot]:
        snapshots: list[models.Snapshot] = self._path.request("GET", "snapshots")
        return snapshots

    def snapshot(self, name: str) -> models.Snapshot:
        """Stores the current state under a name."""
        snapshot: models.Snapshot = self._path.request("PUT", "snapshots", name)
        return snapshot

    def restore(self, name: str) -> None:
        """Restores the state that is stored under a name."""
        self._path.request("POST", "snapshots", name, "restore")

    def configure(self, **settings: Any) -> models.SandboxView:
        """Changes ``limits``, ``latency`` or ``assumptions``; None restores the provider's default."""
        view: models.SandboxView = self._path.request("PATCH", body=settings)
        return view

    def fork(self, **settings: Any) -> Sandbox:
        """Creates a copy with its own keys; the optional settings are ``name`` and ``slug``."""
        return Sandbox(self._path.api, self._path.request("POST", "fork", body=settings))

    def traffic(self, seconds: int | None = None) -> dict[str, Any]:
        """Returns calls by status, latency percentiles and token bucket levels for the last ``seconds`` (300)."""
        traffic: dict[str, Any] = self._path.request("GET", "traffic", seconds=seconds)
        return traffic

    def reset(self) -> None:
        """Restores the seed data and the first keys."""
        self._path.request("POST", "reset")

    def delete(self) -> None:
        self._path.request("DELETE")
