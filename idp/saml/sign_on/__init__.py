"""Single sign-on: an AuthnRequest is received, checked, handed to the sign-in engine, and answered.

Door: `sso` (the browser), `ecp` (programs), `idp_initiated` (nobody asked), `artifact` (an answer that is fetched).
In order: `destination`, `accepting` with `authn_request_checks`, `sign_in_flow`; then `delivery`.
Rule: until the assertion consumer service is known to be the sender's own, an error is shown and never sent.
"""
