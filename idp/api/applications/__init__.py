"""Applications by the API: found, registered, changed, turned off, removed; their secrets, access and history (R1–R7).

Door: `rows.OPERATIONS`. Rule: what a path names is asked of the actor before anything of it is said (`finding.get`).
"""
