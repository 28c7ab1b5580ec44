"""What is served: people, groups, and how (RFC 7643 §5 to §7)."""

from __future__ import annotations

from functools import cache
from typing import Any, ClassVar, Final

import scim2_models
from scim2_models import (
    AnyExtension,
    AuthenticationScheme,
    Bulk,
    ChangePassword,
    ComplexAttribute,
    EnterpriseUser,
    ETag,
    Filter,
    Group,
    Pagination,
    Patch,
    ResourceType,
    ScimPolicy,
    ServiceProviderConfig,
    Sort,
)


class Email(scim2_models.Email):
    """An address as it is kept: whether it is one is decided where people are, in the same words for every door."""

    value: str | None = None


class User(scim2_models.User[AnyExtension]):
    """RFC 7643 §4.1, with our addresses."""

    emails: list[Email] | None = None  # type: ignore[assignment]  # a list is only read here
    Emails: ClassVar[type[ComplexAttribute]] = Email


#: As directories speak it: attributes that there are not are passed over, a `remove` has a value (Entra), and what a
#: path selects is made where it is not there (Entra).
POLICY: Final = ScimPolicy(
    unknown=ScimPolicy.Unknown.ignore, remove_value_as_filter=ScimPolicy.RemoveValue.apply,
    unmatched_path_filter=ScimPolicy.UnmatchedPathFilter.create,
)  # fmt: skip
PERSON: Any = User[EnterpriseUser]
USER: Final = "urn:ietf:params:scim:schemas:core:2.0:User"
GROUP: Final = "urn:ietf:params:scim:schemas:core:2.0:Group"
ENTERPRISE: Final = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
LIST: Final = "urn:ietf:params:scim:api:messages:2.0:ListResponse"
MOST: Final = 200  # resources of a page
MOST_OPERATIONS: Final = 100  # of a bulk request: each is a transaction of its own, and somebody waits for all
MAX_PAYLOAD: Final = 1024 * 1024  # bytes of a bulk request
MOST_MEMBERS: Final = 50_000  # of the groups of one answer
#: No password comes in or goes out, and no certificate: neither would open anything here.
_NOT_HERE: Final = frozenset(("password", "x509Certificates"))


@cache
def attributes() -> tuple[str, ...]:
    """What a client may be allowed to write of people, by the name in the schema: as `WRITABLE` has it."""
    own = [one.name for one in (User.to_schema().attributes or ()) if str(one.mutability) != "readOnly"]
    also = [f"enterprise.{one.name}" for one in (EnterpriseUser.to_schema().attributes or ())]
    return tuple(one for one in (*own, *also) if one and one not in _NOT_HERE)


@cache
def described(base: str) -> dict[str, list[dict[str, Any]]]:
    """The answers of /Schemas and /ResourceTypes, by those names."""
    schemas = []
    for model in (User, Group, EnterpriseUser):
        schema = model.to_schema()
        schema.attributes = [one for one in (schema.attributes or ()) if one.name not in _NOT_HERE]
        said = schema.model_dump()
        for one in said["attributes"]:
            if one["name"] == "members":  # whoever wants a name of theirs asks for the member itself
                one["subAttributes"] = [part for part in one["subAttributes"] if part["name"] != "display"]
        said["meta"] = {"resourceType": "Schema", "location": f"{base}/Schemas/{schema.id}"}
        schemas.append(said)
    types = []
    for kind in (ResourceType.from_resource(PERSON), ResourceType.from_resource(Group)):
        said = kind.model_dump()
        said["meta"] = {"resourceType": "ResourceType", "location": f"{base}/ResourceTypes/{kind.name}"}
        types.append(said)
    return {"Schemas": schemas, "ResourceTypes": types}


@cache
def configuration(base: str) -> dict[str, Any]:
    """The answer of /ServiceProviderConfig (RFC 7643 §5): what is said here works."""
    said = ServiceProviderConfig(
        patch=Patch(supported=True),
        bulk=Bulk(supported=True, max_operations=MOST_OPERATIONS, max_payload_size=MAX_PAYLOAD),
        filter=Filter(supported=True, max_results=MOST),
        change_password=ChangePassword(supported=False),
        sort=Sort(supported=True),
        etag=ETag(supported=True),
        pagination=Pagination(
            cursor=True, index=True, default_pagination_method="index", default_page_size=100, max_page_size=MOST
        ),
        authentication_schemes=[
            AuthenticationScheme(
                type="oauthbearertoken", name="Bearer token", primary=True,
                description="The token of a provisioning client, in the Authorization header.",
            )
        ],
    ).model_dump()  # fmt: skip
    said["meta"] = {"resourceType": "ServiceProviderConfig", "location": f"{base}/ServiceProviderConfig"}
    return said
