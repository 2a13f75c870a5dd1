"""The comparison with other mock servers; run it with ``python -m benchmarks.peers``, or shorter with ``--quick``."""
