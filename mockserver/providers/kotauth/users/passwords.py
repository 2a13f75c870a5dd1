"""The workspace's password policy. Passwords are checked and not kept: nothing over this API asks for one again."""

from __future__ import annotations

from mockserver.providers.kotauth.assumptions import KotauthAssumptions
from mockserver.providers.kotauth.wire.problems import build_problem

OPENAPI_MINIMUM = 4
COMMON_PASSWORDS = frozenset(
    ("password", "password1", "password123", "12345678", "123456789", "qwertyuiop", "qwerty123", "letmein1", "iloveyou",
     "admin123", "welcome1", "abc12345")
)  # fmt: skip


def check_password(given: KotauthAssumptions, openapi: bool, password: str) -> None:
    """Refuse a password the policy does not take, for the first of its rules that is broken."""
    least = OPENAPI_MINIMUM if openapi else given.password_length
    rules = (
        (len(password) >= least, f"Password must be at least {least} characters."),
        (not given.password_special or any(not c.isalnum() for c in password),
         "Password must contain at least one special character."),
        (not given.password_uppercase or any(c.isupper() for c in password),
         "Password must contain at least one uppercase letter."),
        (not given.password_digit or any(c.isdigit() for c in password),
         "Password must contain at least one number."),
        (not given.password_blacklist or password.lower() not in COMMON_PASSWORDS,
         "This password is too common. Please choose a different one."),
    )  # fmt: skip
    for kept, detail in rules:
        if not kept:
            raise build_problem("validation", detail)
