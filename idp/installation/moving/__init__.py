"""`doorward move`: a running installation to another database, and back.

Door: `moving.move`, `ending.finish`, `ending.undo`, `standing.check_stays`. Rule: the database that is left is whole
and served until it says, in the transaction that held all writes, that it has moved; then nothing is written there.
"""
