"""The simulated APIs, a room each."""

from mockserver.providers.smartepi import PROVIDER as SMARTEPI

PROVIDERS = (SMARTEPI,)
