"""The projects kept here are run as their users run them, by a pytest of their own."""

collect_ignore_glob = ["v*"]
