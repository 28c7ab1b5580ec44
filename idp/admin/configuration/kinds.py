"""The kinds of object that files configure, in the order in which they are written and applied."""

from __future__ import annotations

from idp.admin.configuration import (
    applications,
    attributes,
    client_hosts,
    details_types,
    groups,
    metadata_sources,
    notices,
    providers,
    provisioning,
    scim_clients,
    sign_in_rules,
)
from idp.admin.configuration.kind import Kind

#: What one kind names (a group, an application) stands before what names it.
KINDS: dict[str, Kind] = {
    kind.table: kind
    for kind in (
        groups.KIND, metadata_sources.KIND, details_types.KIND, client_hosts.KIND, applications.KIND, attributes.KIND,
        notices.KIND,
        sign_in_rules.KIND, providers.KIND, provisioning.KIND, scim_clients.KIND,
    )
}  # fmt: skip
