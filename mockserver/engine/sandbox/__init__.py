"""One sandbox, and all of them: create, reset, fork, snapshot, keys, timers, rules, scenarios."""
