"""The sign-in conversation, written once for every protocol.

Door: `engine.begin`, `engine.proceed`; `sessions`, `consent`, `throttle` beside it; `policy.next_step` alone decides.
Rule: this room knows no protocol; it hands a proven person back to the `ProtocolHandler` that the flow names.
"""
