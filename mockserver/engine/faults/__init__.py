"""Failures on demand. Every module here but base, rule, match and stage is one kind of fault, found by being here."""

from importlib import import_module
from pkgutil import iter_modules

for _module in iter_modules(__path__):
    if _module.name not in ("rule", "stage"):
        import_module(f"{__name__}.{_module.name}")
