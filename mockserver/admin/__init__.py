"""The admin API: a table of routes whose handlers call the engine."""
