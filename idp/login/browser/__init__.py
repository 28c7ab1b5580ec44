"""What one browser brings along: its sessions, accounts beside each other, known devices, rounds, checks for robots.

Door: `sessions.current` and `starting.start`; `accounts` for everybody else who is signed in here.
Rule: cookies are read and made here and nowhere else in the sign-in; each is sealed, hashed or worth nothing by itself.
"""
