"""The API for programs, under /api/v1 (C4): the verbs of `idp.admin` by a door of JSON.

Door: `views.ROUTES`, one route; behind it `resources.OPERATIONS`, a row for each method and path. What has no row does
not exist, and no row is without a permission (S59). Rule: a row calls verbs, asks the actor for the very object, and
answers a value of `models`; the document is made of them. The first call loads it, so a start costs nothing.
"""

from typing import Final

PREFIX: Final = "/api/v1"
