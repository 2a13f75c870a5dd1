"""``make mutants``: mutation tests, which change the code in memory at one place and check whether a test fails.

Every test is collected and traced once. Then a forked process replaces the code of the functions with that of one
mutant, and runs the tests that reach the changed line; no file is changed. Of the code that runs at import, only module
constants are changed. mutmut and cosmic-ray can neither sample by seed nor stop after a time limit.
"""
