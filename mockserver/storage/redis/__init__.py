"""The store on Redis: for several processes that serve the same sandboxes.

Every process holds the tables in memory, as TinyDB has them, and reads there; Redis holds the log of all transactions,
a checkpoint, and a lock. A transaction begins with one Lua script, which takes the lock and tells what others have
written since, and ends with another, which keeps the record only if the lock is still ours.
"""
