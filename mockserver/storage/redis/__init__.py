"""The store on Redis: for several processes that serve the same sandboxes.

Every process has a copy of the TinyDB tables in memory and reads from it. Redis has the log of all transactions, a
checkpoint and a lock. A transaction begins with a Lua script that takes the lock and returns the remote changes. It
ends with another one that appends the record only if this process still holds the lock.
"""
