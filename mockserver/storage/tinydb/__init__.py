"""The store on one process: TinyDB tables in memory, a write-ahead log, atomic checkpoints."""
