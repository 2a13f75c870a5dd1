"""The admin side: one table of routes, each a line of translation to the engine."""
