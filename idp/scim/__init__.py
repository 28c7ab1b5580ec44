"""The SCIM 2.0 server (RFC 7643, RFC 7644): directories elsewhere write people and groups here.

Door: `views.ROUTES`. Each call: `door` proves the client, `users` and `groups` do it by the verbs of admin, `finding`
answers filters. Rule: a client reaches what it was made for, never anybody with a role, and all is on the record.
"""

from typing import Final

PREFIX: Final = "/scim/v2"
