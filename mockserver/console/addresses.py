"""Where the console is: its first page, and what the addresses of all others begin with."""

from mockserver.admin.api import ADMIN_PREFIX

HOME = f"{ADMIN_PREFIX}/"
ROOT = f"{ADMIN_PREFIX}/console"
