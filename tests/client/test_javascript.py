"""Runs the JavaScript example of the documents with Node; fails with a message if Node is missing."""

from __future__ import annotations

import os
import re
import shutil
import subprocess

from tests.support.paths import ROOT
from tests.support.server_process import start_server

EXAMPLE = ROOT / "docs/examples/smartepi.test.mjs"


def test_the_example_in_javascript_passes() -> None:
    node = shutil.which("node")
    assert node, "Node 20 or newer is needed to run the documents' example in JavaScript: apt-get install nodejs"
    with start_server("serve", "smartepi", "--port", "0", "--memory", "--admin-token", "token-of-the-test") as (_, url):
        environment = {**os.environ, "TESTMODE_URL": url, "TESTMODE_ADMIN_TOKEN": "token-of-the-test"}
        command = [node, "--test", "--test-reporter=tap", str(EXAMPLE)]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"^# pass 2$", done.stdout, re.MULTILINE), done.stdout
