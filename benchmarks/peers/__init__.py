"""Compares Testmode with other mock servers; run it with ``python -m benchmarks.peers``, shorter with ``--quick``."""
