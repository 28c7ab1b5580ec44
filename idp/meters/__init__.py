"""What this process counts and times for the metrics: noted where it happens, added up off the request path.

Door: `notes.Meters` (a part of the services), `spent.SPENT`, `board.Board`. Rule: a note is an append to a bounded
queue; nothing is looked up, and no store is asked, where it is made. `idp.metrics` is what shows them.
"""
