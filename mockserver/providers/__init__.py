"""The simulated APIs, a room each."""

from mockserver.providers.kotauth import PROVIDER as KOTAUTH
from mockserver.providers.smartepi import PROVIDER as SMARTEPI

PROVIDERS = (SMARTEPI, KOTAUTH)
