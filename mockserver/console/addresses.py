"""Where the console is: its first page, and what the addresses of all others begin with."""

from mockserver.admin.api import PREFIX

HOME = f"{PREFIX}/"
ROOT = f"{PREFIX}/console"
