"""Values that import nothing else of the engine: call, reply, problem, operation, provider, key, clock, randomness."""
