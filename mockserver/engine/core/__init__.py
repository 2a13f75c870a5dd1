"""The basic types: call, reply, problem, operation, provider, key, clock. They import no other engine package."""
