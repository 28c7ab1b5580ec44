"""The room Access reviews (U6): who has it is confirmed or withdrawn, person by person, by a date.

Door: `pages.PAGES`. Rule: what would happen is said in numbers before it can be pressed.
"""
