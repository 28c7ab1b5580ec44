"""How fast one server process is, beside what the same core can sign in the same minutes.

Door: `python -m bench`. Rule: an answer that is not the expected one is an error, and a figure with errors is none.
"""
