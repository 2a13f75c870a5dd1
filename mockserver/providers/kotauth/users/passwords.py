"""Checks passwords against the policy of the workspace. They are not stored, because no operation reads one."""

from __future__ import annotations

from mockserver.providers.kotauth.assumptions import KotauthAssumptions
from mockserver.providers.kotauth.wire.problems import build_problem

OPENAPI_MINIMUM = 4
"""The minimum length of a password in the product's OpenAPI document."""
COMMON_PASSWORDS = frozenset(
    ("password", "password1", "password123", "12345678", "123456789", "qwertyuiop", "qwerty123", "letmein1", "iloveyou",
     "admin123", "welcome1", "abc12345")
)  # fmt: skip


def check_password(assumptions: KotauthAssumptions, use_openapi_minimum: bool, password: str) -> None:
    """Raises Problem for the first rule of the policy that the password violates."""
    minimum = OPENAPI_MINIMUM if use_openapi_minimum else assumptions.password_length
    rules = (
        (len(password) >= minimum, f"Password must be at least {minimum} characters."),
        (not assumptions.password_special or any(not c.isalnum() for c in password),
         "Password must contain at least one special character."),
        (not assumptions.password_uppercase or any(c.isupper() for c in password),
         "Password must contain at least one uppercase letter."),
        (not assumptions.password_digit or any(c.isdigit() for c in password),
         "Password must contain at least one number."),
        (not assumptions.password_blacklist or password.lower() not in COMMON_PASSWORDS,
         "This password is too common. Please choose a different one."),
    )  # fmt: skip
    for satisfied, detail in rules:
        if not satisfied:
            raise build_problem("validation", detail)
