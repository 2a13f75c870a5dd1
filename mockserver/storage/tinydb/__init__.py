"""The store for one process: TinyDB tables in memory, a write-ahead log, atomic checkpoints."""
