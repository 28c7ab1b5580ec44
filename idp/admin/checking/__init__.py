"""A live check of an application (R3): for some minutes its requests are looked at, and what is wrong is told.

Door: `running`, `keeping` (its steps), `report.of`, `links`; `watch.Watch` is what the edge calls while a check runs.
Rule: a finding is one function in `findings/` and one row there. No code, token, secret or name is kept.
"""
