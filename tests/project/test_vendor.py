"""Vendored files are unchanged and have their licences."""

from __future__ import annotations

import json
from hashlib import sha256
from pathlib import Path

import pytest

from tests.support.paths import ROOT

in_each = pytest.mark.parametrize("vendor", [ROOT / "mockserver" / "vendor", ROOT / "tests" / "vendor"], ids=str)


@in_each
def test_every_vendored_file_has_its_locked_hash(vendor: Path) -> None:
    lock = json.loads((vendor / "vendor.lock").read_text())
    locked = {name: digest for package in lock.values() for name, digest in package["files"].items()}
    found = {str(file.relative_to(vendor)): file for file in vendor.rglob("*") if file.is_file()}
    assert set(found) - {"vendor.lock"} == set(locked)
    for name, digest in locked.items():
        assert sha256(found[name].read_bytes()).hexdigest() == digest, name


@in_each
def test_every_vendored_package_has_its_licence(vendor: Path) -> None:
    lock = json.loads((vendor / "vendor.lock").read_text())
    for name, package in lock.items():
        assert any(file.endswith("LICENSE") for file in package["files"]), name
