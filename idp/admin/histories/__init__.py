"""Who changed what of an object, when and from where, and the change taken back (C6): a file per kind of object.

What they share is in `changes`: an entry, its differences, the search, and what may be put back.
"""
