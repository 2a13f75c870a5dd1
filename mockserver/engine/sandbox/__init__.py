"""The sandboxes: create, reset, fork, snapshot and restore; keys, timers, fault rules, scenarios and clock of each."""
