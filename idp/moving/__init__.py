"""An installation that moves to another database: what its processes know of it, and do.

Door: `watching.Watching`, a part of the services; `store` has the mark that all of them read once a second.
Rule: from the moment that was told no process begins a job or writes, by its own clock, however late it looks again;
who missed it is held by the lock of the mover, and whoever looks late at its end by the triggers.
"""
