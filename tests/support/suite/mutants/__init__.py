"""``make mutants``: changes the code in memory, one place at a time, and asks whether a test notices.

Every test is collected, and traced, once. A forked process then has one mutant, whose functions' code is exchanged in
place, and runs the tests that reach the changed line; the files stay as they are. What is done once, at import, is
changed only where it is a constant of a module. mutmut and cosmic-ray neither sample by seed nor stop after a time.
"""
