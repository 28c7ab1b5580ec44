"""The room Sign-in rules (B2): what signing in takes, changed with numbers first, undone, and tried out.

Door: `pages.PAGES`. Rule: a change that somebody would notice is shown in numbers before it is made (B5).
"""
