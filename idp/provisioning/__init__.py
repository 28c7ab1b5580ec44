"""The SCIM client (RFC 7644): people and groups are made, changed, turned off and deleted in applications (Y2).

Door: `keeping` for targets, `delivering.look` in the background, `foreseeing` and `drifting` to know before and after.
Rule: a note in the transaction of a change says whom to look at; what is sent is always read anew, one object after
the other, by one process a target; nothing here is called by a sign-in.
"""
