"""The rows of the providers."""

from __future__ import annotations

from typing import Final

from idp.admin.permissions import Permission
from idp.api.operations import Operation
from idp.api.providers import answering as a
from idp.api.providers import models as m

_TAG: Final = "Providers"
_ALL: Final = "/providers"
_ONE: Final = f"{_ALL}/<id>"
_READ, _CHANGE = Permission.PROVIDERS_READ, Permission.PROVIDERS_CHANGE
_ENTRA: Final = {
    "template": "entra", "blanks": {"tenant": "5d0f3f2c-8b1e-4c53-9a0e-000000000000"},
    "settings": {"client_id": "9c2e41d0-0000-0000-0000-000000000000", "domains": ["example.com"]}, "secret": "…",
}  # fmt: skip

OPERATIONS: Final = (
    Operation(
        method="GET", path=_ALL, id="listProviders", permission=_READ, tag=_TAG,
        summary="Every provider that people sign in through", handler=a.listed, gives=m.Providers,
    ),
    Operation(
        method="POST", path=_ALL, id="addProvider", permission=_CHANGE, tag=_TAG,
        summary="One more; its redirect URI is in the answer", handler=a.add, takes=m.NewProvider, gives=m.Provider,
        status=201, creates=True, made="#/id", examples={"Microsoft Entra": _ENTRA},
    ),
    Operation(
        method="GET", path="/provider-templates", id="listProviderTemplates", permission=_READ, tag=_TAG,
        summary="What is known of providers, and what to do there", handler=a.list_templates,
        gives=m.ProviderTemplates,
    ),
    Operation(
        method="GET", path=_ONE, id="getProvider", permission=_READ, tag=_TAG, summary="A provider", handler=a.get,
        gives=m.Provider,
    ),
    Operation(
        method="PATCH", path=_ONE, id="changeProvider", permission=_CHANGE, tag=_TAG,
        summary="Change what is named, and nothing else", handler=a.patch, takes=m.ProviderPatch, gives=m.Provider,
        guarded=True, merges=True, problems=(409,), examples={"its people": {"settings": {"domains": ["example.com"]}}},
    ),
    Operation(
        method="POST", path=f"{_ONE}/enable", id="enableProvider", permission=_CHANGE, tag=_TAG,
        summary="People may sign in by it again", handler=a.turn_on, gives=m.Provider, problems=(409, 412),
    ),
    Operation(
        method="POST", path=f"{_ONE}/disable", id="disableProvider", permission=_CHANGE, tag=_TAG,
        summary="Nobody signs in by it; its links stay", handler=a.turn_off, gives=m.Provider, problems=(409, 412),
    ),
    Operation(
        method="PUT", path=f"{_ONE}/secret", id="renewProviderSecret", permission=_CHANGE, tag=_TAG,
        summary="Put another secret in the place of the one that is kept", handler=a.renew_secret,
        takes=m.NewProviderSecret, gives=m.Provider, guarded=True, problems=(409,),
        examples={"a new one": {"secret": "…"}},
    ),
    Operation(
        method="POST", path=f"{_ONE}/test", id="testProvider", permission=_CHANGE, tag=_TAG,
        summary="Try all that can be tried without a person", handler=a.test, gives=m.ProviderTest,
    ),
    Operation(
        method="GET", path=f"{_ONE}/organisations", id="listFederationOrganisations", permission=_READ, tag=_TAG,
        summary="Of a federation: how its list stands, and from where people may come", handler=a.organisations,
        query=m.OrganisationQuery, gives=m.Organisations,
    ),
    Operation(
        method="DELETE", path=_ONE, id="removeProvider", permission=_CHANGE, tag=_TAG,
        summary="Remove it with its links; it can be restored for 30 days", handler=a.remove, guarded=True,
        problems=(409,),
    ),
    Operation(
        method="POST", path=f"{_ONE}/restore", id="restoreProvider", permission=_CHANGE, tag=_TAG,
        summary="Bring a removed one back, with its links", handler=a.restore, gives=m.Provider, problems=(409,),
    ),
    Operation(
        method="GET", path=f"{_ONE}/history", id="listProviderChanges", permission=_READ, tag=_TAG,
        summary="Who changed it", handler=a.changes, gives=m.ProviderChanges,
    ),
    Operation(
        method="POST", path=f"{_ALL}/history/<change>/undo", id="undoProviderChange", permission=_CHANGE, tag=_TAG,
        summary="Put back what a change replaced", handler=a.undo, gives=m.Providers, problems=(409, 412),
    ),
)  # fmt: skip
