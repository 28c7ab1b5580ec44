"""Sign-in rules as admins see them: listed with those of the settings file, changed, taken back, tried out.

Door: `changing`, `simulating`. Rule: what a change does to people is counted before it is made (`effects`),
and one that would leave nobody to take it back is refused.
"""
