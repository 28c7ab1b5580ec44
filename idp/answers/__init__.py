"""What went wrong with a request: whose side, which field, what was expected, what came, and the fix (Q1).

`looking` is called for every request that was refused; `findings/` has one look a file. The live check
(`admin.checking`) takes the same looks. Nothing of this stands on a hot path.
"""
