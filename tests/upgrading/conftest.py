"""Excludes the stored projects from collection: a test runs pytest in them, as their users do."""

collect_ignore_glob = ["v*"]
