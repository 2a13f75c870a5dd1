"""One sandbox, as a test uses it."""

from __future__ import annotations

from typing import Any

from mockserver.testing import models
from mockserver.testing.api import Api, ApiPath, TestmodeError
from mockserver.testing.controls import Clock, Faults, Scenarios, State, Switch
from mockserver.testing.inspection import Deliveries, Requests, Webhooks


class Sandbox:
    """An isolated tenant of a provider; the key a client sends is what leads it here."""

    def __init__(self, api: Api, view: models.SandboxView) -> None:
        self.id = view["id"]
        self.provider = view["provider"]
        self.base_url = view["base_url"]
        """Where a client of the provider points."""
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
        """The sandbox with its keys, clock and settings."""
        view: models.SandboxView = self._path.request("GET")
        return view

    @property
    def key(self) -> str:
        """The secret of a key that works now."""
        for key in self.keys:
            if key["state"] in ("active", "expiring"):
                return key["secret"]
        raise TestmodeError(f"{self.id} has no key that works now", None, self._path.api.url)

    @property
    def keys(self) -> list[models.Key]:
        """Every key, with its secret and its state now."""
        keys: list[models.Key] = self._path.request("GET", "keys")
        return keys

    def mint_key(self, **wanted: Any) -> models.Key:
        """Make a key: ``mode``, ``scopes``, ``cidrs``, ``activates_in``, ``expires_in``, ``revokes_in``."""
        key: models.Key = self._path.request("POST", "keys", body=wanted)
        return key

    def revoke_key(self, key: str, **how: Any) -> models.Key:
        """Revoke a key by its id or secret; it may linger, for ``lingers``."""
        revoked: models.Key = self._path.request("DELETE", "keys", key, body=how)
        return revoked

    def scenario(self, name: str, **parameters: Any) -> Switch:
        """Switch a scenario on; in a ``with`` statement it is off again at the end of the block."""
        return self.scenarios.on(name, **parameters)

    @property
    def simulations(self) -> list[models.Simulation]:
        """What can happen off stage here, with the form of its parameters."""
        simulations: list[models.Simulation] = self._path.request("GET", "simulations")
        return simulations

    def simulate(self, name: str, *, after: str = "0s", **parameters: Any) -> Any:
        """Have something happen off stage, now or so long ``after`` on the sandbox's clock."""
        later = {} if after == "0s" else {"in": after}
        return self._path.request("POST", "simulations", name, body={**parameters, **later})

    @property
    def events(self) -> list[models.Event]:
        """What has happened, oldest first."""
        events: list[models.Event] = self._path.request("GET", "events")
        return events

    @property
    def collections(self) -> dict[str, int]:
        """The provider's collections, and how many records each holds."""
        return {each["name"]: each["records"] for each in self._path.request("GET", "collections")}

    def records(self, collection: str, limit: int = 100) -> list[dict[str, Any]]:
        """The newest records of a collection as they are kept, also what the API itself cannot show."""
        records: list[dict[str, Any]] = self._path.request("GET", "collections", collection, limit=limit)["records"]
        return records

    @property
    def snapshots(self) -> list[models.Snapshot]:
        """The snapshots kept."""
        snapshots: list[models.Snapshot] = self._path.request("GET", "snapshots")
        return snapshots

    def snapshot(self, name: str) -> models.Snapshot:
        """Keep the present state under a name."""
        snapshot: models.Snapshot = self._path.request("PUT", "snapshots", name)
        return snapshot

    def restore(self, name: str) -> None:
        """Go back to the state kept under a name."""
        self._path.request("POST", "snapshots", name, "restore")

    def configure(self, **settings: Any) -> models.SandboxView:
        """Change ``limits``, ``latency`` or ``assumptions``; None takes one back to the provider's."""
        view: models.SandboxView = self._path.request("PATCH", body=settings)
        return view

    def fork(self, **wanted: Any) -> Sandbox:
        """Make a second sandbox that goes on from where this one stands; ``name`` and ``slug`` may be given."""
        return Sandbox(self._path.api, self._path.request("POST", "fork", body=wanted))

    def traffic(self, seconds: int | None = None) -> dict[str, Any]:
        """What the calls of the last minutes add up to: by second and status, how long they took, the token bucket."""
        traffic: dict[str, Any] = self._path.request("GET", "traffic", seconds=seconds)
        return traffic

    def reset(self) -> None:
        """Go back to the seed; the keys of the start work again."""
        self._path.request("POST", "reset")

    def delete(self) -> None:
        """Forget the sandbox."""
        self._path.request("DELETE")
