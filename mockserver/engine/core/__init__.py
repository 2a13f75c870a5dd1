"""Values without behaviour of their own: call, reply, problem, operation, provider, clock, randomness."""
