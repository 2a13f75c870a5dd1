"""Enrolment intents: how employees get policies."""
