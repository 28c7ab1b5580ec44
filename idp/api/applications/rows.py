"""The rows of applications."""

from __future__ import annotations

from typing import Final

from idp.admin.permissions import Permission
from idp.api.applications import changing, connecting, finding, showing
from idp.api.applications import models as m
from idp.api.models import Paged
from idp.api.operations import Operation

_TAG: Final = "Applications"
_ONE: Final = "/applications/<id>"
_NOBODY: Final = {"everyone": False, "groups": [], "persons": []}

_READING: Final = (
    Operation(
        method="GET", path="/applications", id="listApplications", permission=Permission.APPS_READ, tag=_TAG,
        summary="Find applications", handler=finding.search, query=m.Search, gives=m.ListedPage,
    ),
    Operation(
        method="GET", path=_ONE, id="getApplication", permission=Permission.APPS_READ, tag=_TAG,
        summary="An application with all that is set for it", handler=showing.get, gives=m.Application,
    ),
    Operation(
        method="GET", path=f"{_ONE}/access", id="getAccess", permission=Permission.APPS_READ, tag=_TAG,
        summary="Who may open an application", handler=showing.rule, gives=m.AccessRule,
    ),
    Operation(
        method="GET", path=f"{_ONE}/secrets", id="listSecrets", permission=Permission.APPS_READ, tag=_TAG,
        summary="The secrets that work, not themselves", handler=showing.secrets, gives=m.Secrets,
    ),
    Operation(
        method="GET", path=f"{_ONE}/history", id="listChanges", permission=Permission.APPS_READ, tag=_TAG,
        summary="Who changed what", handler=showing.history, query=Paged, gives=m.Changes,
    ),
    Operation(
        method="GET", path=f"{_ONE}/preview", id="previewApplication", permission=Permission.APPS_READ, tag=_TAG,
        summary="What it would get of a person; nothing is sent", handler=showing.previewed, query=m.WhosePreview,
        gives=m.Preview,
    ),
)  # fmt: skip

_CHANGING: Final = (
    Operation(
        method="POST", path="/applications", id="registerApplication", permission=Permission.APPS_CREATE, tag=_TAG,
        summary="Register an OpenID Connect application", handler=changing.register, takes=m.NewApplication,
        gives=m.Registered, status=201, creates=True, made="#/application/id",
        examples={
            "web": {"name": "CRM", "metadata": {"redirect_uris": ["https://crm.example/callback"]}, "access": _NOBODY},
            "program": {"name": "Nightly report", "profile": "machine"},
        },
    ),
    Operation(
        method="PATCH", path=_ONE, id="changeApplication", permission=Permission.APPS_CHANGE, tag=_TAG,
        summary="Change what is named, and nothing else", handler=changing.patch, takes=m.ApplicationPatch,
        gives=m.Changed, guarded=True, merges=True,
        examples={"logout": {"metadata": {"post_logout_redirect_uris": ["https://crm.example/bye"]}}},
    ),
    Operation(
        method="PUT", path=f"{_ONE}/access", id="setAccess", permission=Permission.APPS_CHANGE, tag=_TAG,
        summary="Say who may open an application", handler=changing.open_to, takes=m.Access, gives=m.AccessRule,
        guarded=True, examples={"nobody": _NOBODY},
    ),
    Operation(
        method="POST", path=f"{_ONE}/disable", id="disableApplication", permission=Permission.APPS_CHANGE, tag=_TAG,
        summary="Turn it off, and end its tokens", handler=changing.turn_off, gives=m.Application,
    ),
    Operation(
        method="POST", path=f"{_ONE}/enable", id="enableApplication", permission=Permission.APPS_CHANGE, tag=_TAG,
        summary="Turn it on again", handler=changing.turn_on, gives=m.Application, problems=(422,),
    ),
    Operation(
        method="DELETE", path=_ONE, id="removeApplication", permission=Permission.APPS_REMOVE, tag=_TAG,
        summary="Remove it; it can be restored for 30 days", handler=changing.remove, guarded=True,
    ),
    Operation(
        method="POST", path=f"{_ONE}/restore", id="restoreApplication", permission=Permission.APPS_REMOVE, tag=_TAG,
        summary="Bring a removed one back as it was", handler=changing.restore, gives=m.Application,
    ),
    Operation(
        method="POST", path=f"{_ONE}/secrets", id="addSecret", permission=Permission.APPS_SECRETS, tag=_TAG,
        summary="Make a new secret; the old ones work on for a while", handler=changing.add_secret, takes=m.NewSecret,
        gives=m.MadeSecret, status=201, creates=True, examples={"a day": {"keep_old_for": 86400}},
    ),
    Operation(
        method="DELETE", path=f"{_ONE}/secrets/<secret>", id="endSecret", permission=Permission.APPS_SECRETS, tag=_TAG,
        summary="End a secret now", handler=changing.end_secret, problems=(422,),
    ),
    Operation(
        method="POST", path=f"{_ONE}/history/<change>/undo", id="undoChange", tag=_TAG,
        permission=Permission.APPS_CHANGE, summary="Put back what a change replaced", handler=changing.undo,
        gives=m.Application, problems=(412, 422),
    ),
)  # fmt: skip

_CONNECTING: Final = (
    Operation(
        method="POST", path="/service-providers", id="registerServiceProvider", tag=_TAG,
        permission=Permission.APPS_CREATE, summary="Register a SAML service provider", handler=connecting.register,
        takes=m.NewServiceProvider, gives=m.Registered, status=201, creates=True, made="#/application/id",
        examples={"two facts": {"name": "Wiki", "entity_id": "https://wiki.example/saml",
                                "acs": ["https://wiki.example/saml/acs"]}},
    ),
    Operation(
        method="GET", path="/gallery", id="listProducts", permission=Permission.APPS_CREATE, tag="Gallery",
        summary="Products that are known", handler=connecting.products, query=m.ProductSearch, gives=m.Products,
    ),
    Operation(
        method="GET", path="/gallery/<product>", id="getProduct", permission=Permission.APPS_CREATE, tag="Gallery",
        summary="A product, and what it asks", handler=connecting.product, gives=m.Product,
    ),
    Operation(
        method="POST", path="/gallery/<product>/applications", id="connectProduct", permission=Permission.APPS_CREATE,
        tag="Gallery", summary="Connect a product, and get what to type on its side", handler=connecting.connect,
        takes=m.FromGallery, gives=m.Connected, status=201, creates=True,
        made="#/application/id",
        examples={"by its address": {"answers": {"address": "https://crm.example"}}},
    ),
)  # fmt: skip

OPERATIONS: Final = (*_READING, *_CHANGING, *_CONNECTING)
