"""Break-glass accounts, as owners keep them (U5): made, tried, watched, ended.

Door: `keeping` (the verbs), `watching.watch` (the alarm), `standing.findings`. Rule: whoever uses one neither renews
it nor acknowledges its alarm: that is for another owner, or for the shell.
"""
