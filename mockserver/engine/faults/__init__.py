"""Fault injection. Every module in calls/ and webhooks/ is one fault kind; importing it registers the kind."""

from importlib import import_module
from pkgutil import iter_modules

for _folder in ("calls", "webhooks"):
    _package = import_module(f"{__name__}.{_folder}")
    for _module in iter_modules(_package.__path__):
        import_module(f"{_package.__name__}.{_module.name}")
