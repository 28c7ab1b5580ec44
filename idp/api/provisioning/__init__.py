"""Provisioning by the API: applications that people are written to (Y2), directories that write people here (Y1).

Door: `rows.OPERATIONS`. Rule: each row calls the verb of `admin` that the console and the command call; no secret
stands in an answer but a token that was made by it.
"""
