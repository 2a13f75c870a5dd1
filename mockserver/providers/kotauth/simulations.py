"""Kotauth's simulations: users sign in, and administrators use the console."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mockserver.engine import SECOND, Record, Refusal, Simulation, SimulationContext, UnknownName, parse_instant
from mockserver.providers.kotauth.assumptions import assumptions_of
from mockserver.providers.kotauth.parameters import (
    ApplicationSignInParameters,
    EnableApplicationParameters,
    FailSignInParameters,
    KotauthMakeKeyParameters,
    KotauthRevokeKeyParameters,
    MakeClientRoleParameters,
    RegisterApplicationParameters,
    SignInParameters,
    SignOutParameters,
    UserParameters,
)
from mockserver.providers.kotauth.wire.auth import SCOPES
from mockserver.providers.kotauth.wire.records import audit, new_id, publish_event, render_instant

Result = Mapping[str, Any]


def _find_user(context: SimulationContext, name: int | str | None) -> Record:
    """Finds a user by id or username; None means the first enabled user. Raises UnknownName or Refusal."""
    if name is None:
        enabled = (user for _, user in context.space.scan("users") if user["enabled"])
        return _get_first(enabled, "enabled user")
    matching = (user for user in context.space.find("users", "username", str(name)) if user["username"] == name)
    match = context.space.get("users", str(name)) or next(matching, None)
    if match is None:
        raise UnknownName("user", str(name), [user["username"] for _, user in context.space.scan("users")])
    return match


def _find_application(context: SimulationContext, name: str | None) -> Record:
    """Finds an application by client_id; None means the first enabled one. Raises UnknownName or Refusal."""
    applications = [app for _, app in context.space.scan("applications")]
    if name is None:
        return _get_first((app for app in applications if app["enabled"]), "enabled application")
    match = next((app for app in applications if app["clientId"] == name), None)
    if match is None:
        raise UnknownName("application", name, [app["clientId"] for app in applications])
    return match


def _get_first(records: Any, noun: str) -> Record:
    match: Record | None = next(iter(records), None)
    if match is None:
        raise Refusal(f"there is no {noun}")
    return match


def _create_session(
    context: SimulationContext, user: Record | None, app: Record, scopes: str, address: str | None
) -> Result:
    assumptions = assumptions_of(context)
    record: dict[str, Any] = {
        "id": new_id(context, "sessions"),
        "userId": None if user is None else int(user["id"]),
        "clientId": int(app["id"]),
        "scopes": scopes,
        "ipAddress": address,
        "_created": context.now,
        "_access_ends": context.now + assumptions.access_lifetime,
        "_refresh_ends": context.now + (assumptions.access_lifetime if user is None else assumptions.refresh_lifetime),
        "_revoked": None,
    }
    context.space.put("sessions", record)
    return {"session": int(record["id"]), "userId": record["userId"], "clientId": record["clientId"]}


def _sign_in(context: SimulationContext, parameters: SignInParameters) -> Result:
    user, app = _find_user(context, parameters.user), _find_application(context, parameters.application)
    for record, noun in ((user, "user"), (app, "application")):
        if not record["enabled"]:
            raise Refusal(f"the {noun} {record['id']} is disabled, so nobody can sign in; run enable_{noun} first")
    audit(
        context, "LOGIN_SUCCESS", user=int(user["id"]), client=int(app["id"]), address=parameters.ip, method="password"
    )
    publish_event(context, "login.success", user=int(user["id"]), clientId=int(app["id"]), ipAddress=parameters.ip)
    return _create_session(context, user, app, parameters.scopes, parameters.ip)


def _fail_sign_in(context: SimulationContext, parameters: FailSignInParameters) -> Result:
    user = next((user for user in context.space.find("users", "username", parameters.username)), None)
    details: dict[str, Any] = {"username": parameters.username, "reason": parameters.reason}
    audit(context, "LOGIN_FAILED", user=int(user["id"]) if user else None, address=parameters.ip, **details)
    publish_event(context, "login.failed", ipAddress=parameters.ip, **details)
    return {"username": parameters.username, "known": user is not None}


def _sign_out(context: SimulationContext, parameters: SignOutParameters) -> Result:
    record = context.space.get("sessions", str(parameters.session))
    if record is None:
        raise UnknownName("session", str(parameters.session), [])
    context.space.put("sessions", {**record, "_revoked": record["_revoked"] or context.now})
    audit(context, "USER_SESSION_REVOKED_SELF", user=record["userId"], client=record["clientId"])
    return {"session": parameters.session}


def _sign_in_application(context: SimulationContext, parameters: ApplicationSignInParameters) -> Result:
    app = _find_application(context, parameters.application)
    if not app["enabled"] or app["accessType"] != "confidential":
        raise Refusal(
            f"{app['clientId']!r} is not an enabled confidential application; others get no token without a user"
        )
    audit(context, "TOKEN_ISSUED", client=int(app["id"]), grantType="client_credentials")
    return _create_session(context, None, app, parameters.scopes, None)


def _register_application(context: SimulationContext, parameters: RegisterApplicationParameters) -> Result:
    if any(app["clientId"] == parameters.client_id for _, app in context.space.scan("applications")):
        raise Refusal(f"the client_id {parameters.client_id!r} is already in use")
    record: dict[str, Any] = {
        "id": new_id(context, "applications"),
        "clientId": parameters.client_id,
        "name": parameters.name,
        "description": parameters.description,
        "accessType": parameters.access_type,
        "enabled": True,
        "redirectUris": parameters.redirect_uris,
        "_created": context.now,
    }
    context.space.put("applications", record)
    audit(context, "ADMIN_CLIENT_CREATED", client=int(record["id"]), clientId=parameters.client_id)
    return {"id": int(record["id"]), "clientId": parameters.client_id}


def _enable_application(context: SimulationContext, parameters: EnableApplicationParameters) -> Result:
    app = _find_application(context, parameters.application)
    context.space.put("applications", {**app, "enabled": True})
    audit(context, "ADMIN_CLIENT_ENABLED", client=int(app["id"]), clientId=app["clientId"], enabled="true")
    return {"id": int(app["id"]), "enabled": True}


def _make_client_role(context: SimulationContext, parameters: MakeClientRoleParameters) -> Result:
    app = _find_application(context, parameters.application)
    scope_and_client = ("CLIENT", int(app["id"]))
    for role in context.space.find("roles", "name", parameters.name):
        if role["name"] == parameters.name and (role["scope"], role["clientId"]) == scope_and_client:
            raise Refusal(f"the application {app['clientId']!r} already has a role {parameters.name!r}")
    record: dict[str, Any] = {
        "id": new_id(context, "roles"),
        "name": parameters.name,
        "description": parameters.description,
        "scope": "CLIENT",
        "clientId": int(app["id"]),
        "_created": context.now,
    }
    context.space.put("roles", record)
    audit(context, "ADMIN_ROLE_CREATED", client=int(app["id"]), roleName=parameters.name, scope="client")
    return {"id": int(record["id"]), "clientId": int(app["id"])}


def _enable_user(context: SimulationContext, parameters: UserParameters) -> Result:
    user = _find_user(context, parameters.user)
    context.space.put("users", {**user, "enabled": True})
    audit(context, "ADMIN_USER_ENABLED", user=int(user["id"]), username=user["username"], enabled="true")
    return {"id": int(user["id"]), "enabled": True}


def _accept_invite(context: SimulationContext, parameters: UserParameters) -> Result:
    user = _find_user(context, parameters.user)
    if not user["requiredActions"]:
        raise Refusal(f"{user['username']!r} has no pending invite")
    context.space.put("users", {**user, "requiredActions": [], "emailVerified": True})
    audit(context, "USER_INVITE_ACCEPTED", user=int(user["id"]), username=user["username"])
    return {"id": int(user["id"]), "emailVerified": True}


def _enrol_mfa(context: SimulationContext, parameters: UserParameters) -> Result:
    user = _find_user(context, parameters.user)
    context.space.put("users", {**user, "mfaEnabled": True})
    audit(context, "MFA_ENROLLMENT_VERIFIED", user=int(user["id"]))
    publish_event(context, "mfa.enrolled", user=int(user["id"]))
    return {"id": int(user["id"]), "mfaEnabled": True}


def _make_key(context: SimulationContext, parameters: KotauthMakeKeyParameters) -> Result:
    requested = SCOPES if parameters.scopes is None else parameters.scopes
    scopes = [scope for scope in requested if scope in SCOPES]
    if not scopes:
        raise Refusal(f"none of the scopes exists; a key needs at least one of {', '.join(SCOPES)}")
    # The console takes a date; the key is valid up to and including the first instant of that day in UTC.
    day = parameters.expires_on
    ends = None if day is None else parse_instant(f"{day.isoformat()}T00:00:00Z") + 1
    key = context.mint(scopes=scopes, expires_at=ends)
    created = {"id": key.id, "secret": key.secret, "name": parameters.name, "scopes": scopes}
    return {**created, "expiresAt": None if ends is None else render_instant(context, ends // SECOND * SECOND)}


def _revoke_key(context: SimulationContext, parameters: KotauthRevokeKeyParameters) -> Result:
    key = context.revoke(parameters.key)
    return {"id": key.id, "state": key.state(context.now)}


SIMULATIONS = (
    Simulation("sign_in", "A user signs in to an application.", SignInParameters, _sign_in),
    Simulation("fail_sign_in", "A sign-in fails.", FailSignInParameters, _fail_sign_in),
    Simulation("sign_out", "A user ends a session.", SignOutParameters, _sign_out),
    Simulation(
        "sign_in_application",
        "A confidential application gets a token without a user.",
        ApplicationSignInParameters,
        _sign_in_application,
    ),
    Simulation(
        "register_application",
        "An application is registered in the console.",
        RegisterApplicationParameters,
        _register_application,
    ),
    Simulation(
        "enable_application",
        "A disabled application is enabled again.",
        EnableApplicationParameters,
        _enable_application,
    ),
    Simulation("make_client_role", "A role of an application is created.", MakeClientRoleParameters, _make_client_role),
    Simulation("enable_user", "A disabled user is enabled again.", UserParameters, _enable_user),
    Simulation("accept_invite", "An invited user sets a password.", UserParameters, _accept_invite),
    Simulation("enrol_mfa", "A user enrols a second factor.", UserParameters, _enrol_mfa),
    Simulation("make_key", "An administrator creates an API key in the console.", KotauthMakeKeyParameters, _make_key),
    Simulation(
        "revoke_key", "An administrator revokes an API key in the console.", KotauthRevokeKeyParameters, _revoke_key
    ),
)
