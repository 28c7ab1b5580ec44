"""The console: pages for admins, under /admin.

Door: `views.ROUTES`, made of `views.PAGES`: each page names the permission without which it is not shown.
Rule: a page calls verbs of `idp.admin` and other rooms, and never a store; what it may do is asked of the actor again
for the very object (`visit.actor.check_app`, `check_person`).
"""
