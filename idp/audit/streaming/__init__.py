"""The record as it happens, sent to whoever watches: by syslog over TLS, by a signed webhook.

Door: `delivery.deliver`, `syslog.send`, `webhook.send`.
Rule: what was sealed is sent in that order, at least once; a receiver that is away gets all of it when it is back.
"""
