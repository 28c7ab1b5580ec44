"""The transmitter of Shared Signals (OpenID SSF 1.0, CAEP 1.0, RISC 1.0): applications hear of what ends and changes.

Door: `serving` in the background, `keeping` for streams, `views` for endpoints; notes come from `accounts.signalled`.
Rule: a note in the transaction of a change says whom it is about; who is told is decided off its path, once, by one
process; an event waits in the database until its receiver has confirmed it.
"""
