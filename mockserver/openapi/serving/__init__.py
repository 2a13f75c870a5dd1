"""Operations over the inferred resources: reading requests, keeping records, writing answers."""
