"""The benchmark beside peers; run with ``python -m benchmarks.peers``, shorter with ``--quick``."""
