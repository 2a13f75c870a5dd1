"""Dependents management intents: lists of the dependents that are covered with an employee."""
