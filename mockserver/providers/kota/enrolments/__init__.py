"""Enrolment intents, which create the policies of employees."""
