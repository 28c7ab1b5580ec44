"""Attributes of people that the organisation defines: a list, a form, the past; and one person's values (U1).

Door: `PAGES`. Rule: what is typed is read by the same words as on the command line and in files.
"""

from idp.console.attributes import changes, defining, of_person

PAGES = (*defining.PAGES, *changes.PAGES, *of_person.PAGES)
