"""Single sign-on: an AuthnRequest is received, checked, handed to the sign-in engine, and answered.

Door: `sso` (the browser), `ecp` (programs), `artifact` (an answer fetched from server to server).
Rule: until the assertion consumer service is known to be the sender's own, an error is shown and never sent.
"""
