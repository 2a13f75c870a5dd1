"""The built-in providers."""

from mockserver.providers.kasko import PROVIDER as KASKO
from mockserver.providers.kota import PROVIDER as KOTA
from mockserver.providers.kotauth import PROVIDER as KOTAUTH
from mockserver.providers.smartepi import PROVIDER as SMARTEPI

PROVIDERS = (SMARTEPI, KOTAUTH, KASKO, KOTA)
