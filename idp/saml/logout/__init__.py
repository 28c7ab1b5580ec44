"""Single logout: a LogoutRequest of a service provider, ours to all the others, and what they answer.

Door: `single_logout` (the endpoint), `propagation` (telling the others), `responding` (the answer to who asked).
Rule: every message is signed, answers too, and ends only sessions that its sender knows of.
"""
