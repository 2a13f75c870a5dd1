"""The paths of the console: the home page, and the prefix of all other pages."""

from mockserver.admin.api import ADMIN_PREFIX

HOME = f"{ADMIN_PREFIX}/"
ROOT = f"{ADMIN_PREFIX}/console"
