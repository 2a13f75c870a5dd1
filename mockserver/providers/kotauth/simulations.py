"""What happens off stage at Kotauth: people sign in, and administrators use the console."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mockserver.engine import SECOND, Record, Refusal, Simulation, SimulationContext, UnknownName, parse_instant
from mockserver.providers.kotauth import parameters as given
from mockserver.providers.kotauth.assumptions import assumptions_of
from mockserver.providers.kotauth.wire.auth import SCOPES
from mockserver.providers.kotauth.wire.records import audit, new_id, publish_event, render_instant

Result = Mapping[str, Any]


def _user(moment: SimulationContext, name: int | str | None) -> Record:
    """The user of that id or username; without one the first who may sign in."""
    if name is None:
        enabled = (user for _, user in moment.space.scan("users") if user["enabled"])
        return _first(enabled, "enabled user")
    named = (user for user in moment.space.find("users", "username", str(name)) if user["username"] == name)
    found = moment.space.get("users", str(name)) or next(named, None)
    if found is None:
        raise UnknownName("user", str(name), [user["username"] for _, user in moment.space.scan("users")])
    return found


def _application(moment: SimulationContext, name: str | None) -> Record:
    """The application of that client_id; without one the first that takes sign-ins."""
    all_of_them = [app for _, app in moment.space.scan("applications")]
    if name is None:
        return _first((app for app in all_of_them if app["enabled"]), "enabled application")
    found = next((app for app in all_of_them if app["clientId"] == name), None)
    if found is None:
        raise UnknownName("application", name, [app["clientId"] for app in all_of_them])
    return found


def _first(records: Any, what: str) -> Record:
    found: Record | None = next(iter(records), None)
    if found is None:
        raise Refusal(f"there is no {what}")
    return found


def _session(moment: SimulationContext, user: Record | None, app: Record, scopes: str, address: str | None) -> Result:
    lives = assumptions_of(moment)
    record: dict[str, Any] = {
        "id": new_id(moment, "sessions"),
        "userId": None if user is None else int(user["id"]),
        "clientId": int(app["id"]),
        "scopes": scopes,
        "ipAddress": address,
        "_created": moment.now,
        "_access_ends": moment.now + lives.access_lifetime,
        "_refresh_ends": moment.now + (lives.access_lifetime if user is None else lives.refresh_lifetime),
        "_revoked": None,
    }
    moment.space.put("sessions", record)
    return {"session": int(record["id"]), "userId": record["userId"], "clientId": record["clientId"]}


def _sign_in(moment: SimulationContext, asked: given.SignInParameters) -> Result:
    user, app = _user(moment, asked.user), _application(moment, asked.application)
    for record, what in ((user, "user"), (app, "application")):
        if not record["enabled"]:
            raise Refusal(f"the {what} {record['id']} is disabled: nobody can sign in")
    audit(moment, "LOGIN_SUCCESS", user=int(user["id"]), client=int(app["id"]), address=asked.ip, method="password")
    publish_event(moment, "login.success", user=int(user["id"]), clientId=int(app["id"]), ipAddress=asked.ip)
    return _session(moment, user, app, asked.scopes, asked.ip)


def _fail_sign_in(moment: SimulationContext, asked: given.FailSignInParameters) -> Result:
    known = next((user for user in moment.space.find("users", "username", asked.username)), None)
    details: dict[str, Any] = {"username": asked.username, "reason": asked.reason}
    audit(moment, "LOGIN_FAILED", user=int(known["id"]) if known else None, address=asked.ip, **details)
    publish_event(moment, "login.failed", ipAddress=asked.ip, **details)
    return {"username": asked.username, "known": known is not None}


def _sign_out(moment: SimulationContext, asked: given.SignOutParameters) -> Result:
    record = moment.space.get("sessions", str(asked.session))
    if record is None:
        raise UnknownName("session", str(asked.session), [])
    moment.space.put("sessions", {**record, "_revoked": record["_revoked"] or moment.now})
    audit(moment, "USER_SESSION_REVOKED_SELF", user=record["userId"], client=record["clientId"])
    return {"session": asked.session}


def _sign_in_application(moment: SimulationContext, asked: given.ApplicationSignInParameters) -> Result:
    app = _application(moment, asked.application)
    if not app["enabled"] or app["accessType"] != "confidential":
        raise Refusal(f"{app['clientId']!r} is no enabled confidential application: it gets no token of its own")
    audit(moment, "TOKEN_ISSUED", client=int(app["id"]), grantType="client_credentials")
    return _session(moment, None, app, asked.scopes, None)


def _register_application(moment: SimulationContext, asked: given.RegisterApplicationParameters) -> Result:
    if any(app["clientId"] == asked.client_id for _, app in moment.space.scan("applications")):
        raise Refusal(f"the client_id {asked.client_id!r} is taken")
    record: dict[str, Any] = {
        "id": new_id(moment, "applications"),
        "clientId": asked.client_id,
        "name": asked.name,
        "description": asked.description,
        "accessType": asked.access_type,
        "enabled": True,
        "redirectUris": asked.redirect_uris,
        "_created": moment.now,
    }
    moment.space.put("applications", record)
    audit(moment, "ADMIN_CLIENT_CREATED", client=int(record["id"]), clientId=asked.client_id)
    return {"id": int(record["id"]), "clientId": asked.client_id}


def _enable_application(moment: SimulationContext, asked: given.EnableApplicationParameters) -> Result:
    app = _application(moment, asked.application)
    moment.space.put("applications", {**app, "enabled": True})
    audit(moment, "ADMIN_CLIENT_ENABLED", client=int(app["id"]), clientId=app["clientId"], enabled="true")
    return {"id": int(app["id"]), "enabled": True}


def _make_client_role(moment: SimulationContext, asked: given.MakeClientRoleParameters) -> Result:
    app = _application(moment, asked.application)
    place = ("CLIENT", int(app["id"]))
    for role in moment.space.find("roles", "name", asked.name):
        if role["name"] == asked.name and (role["scope"], role["clientId"]) == place:
            raise Refusal(f"the role {asked.name!r} of {app['clientId']!r} exists already")
    record: dict[str, Any] = {
        "id": new_id(moment, "roles"),
        "name": asked.name,
        "description": asked.description,
        "scope": "CLIENT",
        "clientId": int(app["id"]),
        "_created": moment.now,
    }
    moment.space.put("roles", record)
    audit(moment, "ADMIN_ROLE_CREATED", client=int(app["id"]), roleName=asked.name, scope="client")
    return {"id": int(record["id"]), "clientId": int(app["id"])}


def _enable_user(moment: SimulationContext, asked: given.UserParameters) -> Result:
    user = _user(moment, asked.user)
    moment.space.put("users", {**user, "enabled": True})
    audit(moment, "ADMIN_USER_ENABLED", user=int(user["id"]), username=user["username"], enabled="true")
    return {"id": int(user["id"]), "enabled": True}


def _accept_invite(moment: SimulationContext, asked: given.UserParameters) -> Result:
    user = _user(moment, asked.user)
    if not user["requiredActions"]:
        raise Refusal(f"{user['username']!r} has no pending invite")
    moment.space.put("users", {**user, "requiredActions": [], "emailVerified": True})
    audit(moment, "USER_INVITE_ACCEPTED", user=int(user["id"]), username=user["username"])
    return {"id": int(user["id"]), "emailVerified": True}


def _enrol_mfa(moment: SimulationContext, asked: given.UserParameters) -> Result:
    user = _user(moment, asked.user)
    moment.space.put("users", {**user, "mfaEnabled": True})
    audit(moment, "MFA_ENROLLMENT_VERIFIED", user=int(user["id"]))
    publish_event(moment, "mfa.enrolled", user=int(user["id"]))
    return {"id": int(user["id"]), "mfaEnabled": True}


def _make_key(moment: SimulationContext, asked: given.KotauthMakeKeyParameters) -> Result:
    scopes = [scope for scope in asked.scopes if scope in SCOPES] if asked.scopes is not None else list(SCOPES)
    if not scopes:
        raise Refusal(f"a key needs a scope that exists: {', '.join(SCOPES)}")
    # The console takes a date; a key is refused once the first instant of that day has passed.
    ends = None if asked.expires_on is None else parse_instant(f"{asked.expires_on.isoformat()}T00:00:00Z") + 1
    key = moment.mint(scopes=scopes, expires_at=ends)
    made = {"id": key.id, "secret": key.secret, "name": asked.name, "scopes": scopes}
    return {**made, "expiresAt": None if ends is None else render_instant(moment, ends // SECOND * SECOND)}


def _revoke_key(moment: SimulationContext, asked: given.KotauthRevokeKeyParameters) -> Result:
    key = moment.revoke(asked.key)
    return {"id": key.id, "state": key.state(moment.now)}


SIMULATIONS = (
    Simulation("sign_in", "A user signs in to an application.", given.SignInParameters, _sign_in),
    Simulation("fail_sign_in", "Someone fails to sign in.", given.FailSignInParameters, _fail_sign_in),
    Simulation("sign_out", "A user ends a session.", given.SignOutParameters, _sign_out),
    Simulation(
        "sign_in_application", "An application gets a token for itself.", given.ApplicationSignInParameters, _sign_in_application
    ),
    Simulation(
        "register_application", "An application is registered in the console.", given.RegisterApplicationParameters,
        _register_application,
    ),
    Simulation("enable_application", "An application is enabled again.", given.EnableApplicationParameters, _enable_application),
    Simulation("make_client_role", "A role of an application is made.", given.MakeClientRoleParameters, _make_client_role),
    Simulation("enable_user", "A disabled user is enabled again.", given.UserParameters, _enable_user),
    Simulation("accept_invite", "An invited user sets a password.", given.UserParameters, _accept_invite),
    Simulation("enrol_mfa", "A user enrols a second factor.", given.UserParameters, _enrol_mfa),
    Simulation("make_key", "An administrator makes an API key in the console.", given.KotauthMakeKeyParameters, _make_key),
    Simulation("revoke_key", "An administrator revokes an API key in the console.", given.KotauthRevokeKeyParameters, _revoke_key),
)  # fmt: skip
