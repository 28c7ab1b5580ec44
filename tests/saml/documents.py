"""Metadata of service providers as the products write it, and aggregates as federations do."""

from __future__ import annotations

import re
import secrets
from base64 import b64encode
from collections.abc import Iterable

from idp.saml.messages import names, signing
from idp.saml.messages.xml import Element, child, element, parse, serialize
from tests.saml.pairs import Pair, rsa_pair

NS = (
    'xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata" xmlns:ds="http://www.w3.org/2000/09/xmldsig#" '
    'xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion"'
)
POST, REDIRECT, ARTIFACT, SOAP = names.HTTP_POST, names.HTTP_REDIRECT, names.HTTP_ARTIFACT, names.SOAP_BINDING
PROTOCOL = names.SAMLP


def certificate(name: str = "sp") -> str:
    return b64encode(rsa_pair(name).certificate).decode()


def key(use: str | None = None, name: str = "sp", inside: str = "") -> str:
    """A KeyDescriptor, the base64 in lines as everybody writes it."""
    lines = re.sub("(.{64})", r"\1\n", certificate(name))
    mark = f' use="{use}"' if use else ""
    return (
        f"<md:KeyDescriptor{mark}><ds:KeyInfo><ds:X509Data><ds:X509Certificate>\n{lines}\n</ds:X509Certificate>"
        f"</ds:X509Data></ds:KeyInfo>{inside}</md:KeyDescriptor>"
    )


def acs(location: str, index: int | None = 0, binding: str = POST, more: str = "") -> str:
    mark = "" if index is None else f' index="{index}"'
    return f'<md:AssertionConsumerService Binding="{binding}" Location="{location}"{mark} {more}/>'


def sp(
    inside: str = "",
    *,
    entity_id: str = "https://sp.example/metadata",
    role: str = "",
    entity: str = "",
    extensions: str = "",
    after: str = "",
) -> bytes:
    """An EntityDescriptor with one SPSSODescriptor; `role` and `entity`: attributes of the two."""
    return (
        f'<md:EntityDescriptor {NS} entityID="{entity_id}" {entity}>{extensions}'
        f'<md:SPSSODescriptor protocolSupportEnumeration="{PROTOCOL}" {role}>'
        f"{inside or acs('https://sp.example/acs')}</md:SPSSODescriptor>{after}</md:EntityDescriptor>"
    ).encode()


#: mod_shib 3.4, `Shibboleth.sso/Metadata`, shortened: algorithm support, discovery, many endpoints, methods in the key.
MOD_SHIB = f"""<?xml version="1.0" encoding="UTF-8"?>
<!--
This is example metadata only. Do *NOT* supply it as is without review.
 -->
<md:EntityDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata" ID="_7ee3b4" entityID="https://wiki.example/shibboleth">
  <md:Extensions xmlns:alg="urn:oasis:names:tc:SAML:metadata:algsupport">
    <alg:DigestMethod Algorithm="http://www.w3.org/2001/04/xmlenc#sha512"/>
    <alg:DigestMethod Algorithm="http://www.w3.org/2001/04/xmlenc#sha256"/>
    <alg:SigningMethod Algorithm="http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256"/>
    <alg:SigningMethod Algorithm="http://www.w3.org/2001/04/xmldsig-more#rsa-sha256" MinKeySize="2048"/>
  </md:Extensions>
  <md:SPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol urn:oasis:names:tc:SAML:1.1:protocol">
    <md:Extensions>
      <init:RequestInitiator xmlns:init="urn:oasis:names:tc:SAML:profiles:SSO:request-init" Binding="urn:oasis:names:tc:SAML:profiles:SSO:request-init" Location="https://wiki.example/Shibboleth.sso/Login"/>
    </md:Extensions>
    <md:KeyDescriptor use="signing">
      <ds:KeyInfo xmlns:ds="http://www.w3.org/2000/09/xmldsig#">
        <ds:KeyName>wiki.example</ds:KeyName>
        <ds:X509Data>
          <ds:X509SubjectName>CN=wiki.example</ds:X509SubjectName>
          <ds:X509Certificate>{certificate("shib-s")}
</ds:X509Certificate>
        </ds:X509Data>
      </ds:KeyInfo>
    </md:KeyDescriptor>
    <md:KeyDescriptor use="encryption">
      <ds:KeyInfo xmlns:ds="http://www.w3.org/2000/09/xmldsig#">
        <ds:X509Data><ds:X509Certificate>{certificate("shib-e")}</ds:X509Certificate></ds:X509Data>
      </ds:KeyInfo>
      <md:EncryptionMethod Algorithm="http://www.w3.org/2009/xmlenc11#aes128-gcm"/>
      <md:EncryptionMethod Algorithm="http://www.w3.org/2009/xmlenc11#rsa-oaep">
        <ds:DigestMethod xmlns:ds="http://www.w3.org/2000/09/xmldsig#" Algorithm="http://www.w3.org/2001/04/xmlenc#sha256"/>
        <xenc11:MGF xmlns:xenc11="http://www.w3.org/2009/xmlenc11#" Algorithm="http://www.w3.org/2009/xmlenc11#mgf1sha256"/>
      </md:EncryptionMethod>
      <md:EncryptionMethod Algorithm="http://www.w3.org/2001/04/xmlenc#rsa-oaep-mgf1p"/>
    </md:KeyDescriptor>
    <md:ArtifactResolutionService Binding="{SOAP}" Location="https://wiki.example/Shibboleth.sso/Artifact/SOAP" index="1"/>
    <md:SingleLogoutService Binding="{SOAP}" Location="https://wiki.example/Shibboleth.sso/SLO/SOAP"/>
    <md:SingleLogoutService Binding="{REDIRECT}" Location="https://wiki.example/Shibboleth.sso/SLO/Redirect"/>
    <md:SingleLogoutService Binding="{POST}" Location="https://wiki.example/Shibboleth.sso/SLO/POST"/>
    <md:SingleLogoutService Binding="{ARTIFACT}" Location="https://wiki.example/Shibboleth.sso/SLO/Artifact"/>
    <md:AssertionConsumerService Binding="{POST}" Location="https://wiki.example/Shibboleth.sso/SAML2/POST" index="1"/>
    <md:AssertionConsumerService Binding="{POST}-SimpleSign" Location="https://wiki.example/Shibboleth.sso/SAML2/POST-SimpleSign" index="2"/>
    <md:AssertionConsumerService Binding="{ARTIFACT}" Location="https://wiki.example/Shibboleth.sso/SAML2/Artifact" index="3"/>
    <md:AssertionConsumerService Binding="{names.PAOS}" Location="https://wiki.example/Shibboleth.sso/SAML2/ECP" index="4"/>
    <md:AssertionConsumerService Binding="urn:oasis:names:tc:SAML:1.0:profiles:browser-post" Location="https://wiki.example/Shibboleth.sso/SAML/POST" index="5"/>
  </md:SPSSODescriptor>
</md:EntityDescriptor>
""".encode()  # noqa: E501

#: mod_auth_mellon's mellon_create_metadata.sh and endpoint.
MELLON = f"""<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
<EntityDescriptor
 entityID="https://intra.example/mellon/metadata"
 xmlns="urn:oasis:names:tc:SAML:2.0:metadata">
 <SPSSODescriptor
   AuthnRequestsSigned="true"
   WantAssertionsSigned="true"
   protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">
   <KeyDescriptor use="signing">
     <ds:KeyInfo xmlns:ds="http://www.w3.org/2000/09/xmldsig#">
       <ds:X509Data>
         <ds:X509Certificate>{certificate("mellon")}</ds:X509Certificate>
       </ds:X509Data>
     </ds:KeyInfo>
   </KeyDescriptor>
   <SingleLogoutService Binding="{SOAP}" Location="https://intra.example/mellon/logout" />
   <SingleLogoutService Binding="{REDIRECT}" Location="https://intra.example/mellon/logout" />
   <NameIDFormat>urn:oasis:names:tc:SAML:2.0:nameid-format:transient</NameIDFormat>
   <AssertionConsumerService index="0" isDefault="true" Binding="{POST}" Location="https://intra.example/mellon/postResponse" />
   <AssertionConsumerService index="1" Binding="{ARTIFACT}" Location="https://intra.example/mellon/artifactResponse" />
   <AssertionConsumerService index="2" Binding="{names.PAOS}" Location="https://intra.example/mellon/paosResponse" />
 </SPSSODescriptor>
</EntityDescriptor>
""".encode()  # noqa: E501

#: https://signin.aws.amazon.com/static/saml-metadata.xml: requested attributes, two regions.
AWS = f"""<?xml version="1.0" encoding="UTF-8"?><EntityDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata" entityID="urn:amazon:webservices" validUntil="2027-08-13T00:00:00.000Z">
  <SPSSODescriptor AuthnRequestsSigned="false" WantAssertionsSigned="true" protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">
    <KeyDescriptor use="signing"><ds:KeyInfo xmlns:ds="http://www.w3.org/2000/09/xmldsig#"><ds:X509Data><ds:X509Certificate>{certificate("aws")}</ds:X509Certificate></ds:X509Data></ds:KeyInfo></KeyDescriptor>
    <NameIDFormat>urn:oasis:names:tc:SAML:2.0:nameid-format:transient</NameIDFormat>
    <NameIDFormat>urn:oasis:names:tc:SAML:2.0:nameid-format:persistent</NameIDFormat>
    <NameIDFormat>urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress</NameIDFormat>
    <AssertionConsumerService index="1" isDefault="true" Binding="{POST}" Location="https://signin.aws.amazon.com/saml"/>
    <AssertionConsumerService index="2" isDefault="false" Binding="{POST}" Location="https://eu-west-1.signin.aws.amazon.com/saml"/>
    <AttributeConsumingService index="1">
      <ServiceName xml:lang="en">AWS Management Console Single Sign-On</ServiceName>
      <RequestedAttribute isRequired="true" Name="https://aws.amazon.com/SAML/Attributes/Role" FriendlyName="RoleEntitlement"/>
      <RequestedAttribute isRequired="true" Name="https://aws.amazon.com/SAML/Attributes/RoleSessionName" FriendlyName="RoleSessionName"/>
    </AttributeConsumingService>
  </SPSSODescriptor>
  <Organization>
    <OrganizationName xml:lang="en">Amazon Web Services, Inc.</OrganizationName>
    <OrganizationDisplayName xml:lang="en">AWS</OrganizationDisplayName>
    <OrganizationURL xml:lang="en">https://aws.amazon.com</OrganizationURL>
  </Organization>
</EntityDescriptor>
""".encode()  # noqa: E501

#: Google Workspace: an entityID that is no URL, no key, one ACS.
GOOGLE = f"""<?xml version="1.0"?>
<md:EntityDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata" entityID="google.com/a/example.com">
  <md:SPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">
    <md:NameIDFormat>urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress</md:NameIDFormat>
    <md:AssertionConsumerService Binding="{POST}" Location="https://www.google.com/a/example.com/acs" index="1"/>
  </md:SPSSODescriptor>
</md:EntityDescriptor>""".encode()

#: Zoom-like: a key without use, a host with capitals, no index, white space around everything, a signature of its own.
ZOOM = f"""\ufeff<?xml version='1.0' encoding='utf-8'?>
<md:EntityDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata" xmlns:ds="http://www.w3.org/2000/09/xmldsig#" entityID="Example.zoom.us" cacheDuration="PT1440M">
  <md:SPSSODescriptor AuthnRequestsSigned=" 1 " WantAssertionsSigned="1" protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">
    <md:KeyDescriptor><ds:KeyInfo><ds:X509Data><ds:X509Certificate>
-----BEGIN CERTIFICATE-----
{certificate("zoom")}
-----END CERTIFICATE-----
    </ds:X509Certificate></ds:X509Data></ds:KeyInfo></md:KeyDescriptor>
    <md:NameIDFormat>
      urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress
    </md:NameIDFormat>
    <md:AssertionConsumerService Binding="{POST}" Location=" https://Example.zoom.us/saml/SSO " isDefault="true"/>
    <md:SingleLogoutService Binding="{REDIRECT}" Location="https://Example.zoom.us/saml/SingleLogout" ResponseLocation="https://Example.zoom.us/saml/LoggedOut"/>
  </md:SPSSODescriptor>
</md:EntityDescriptor>""".encode()  # noqa: E501


def federated(number: int, *, pad: int = 0) -> Element:
    """One service provider as federations list it: mdui, entity attributes, requested attributes, two keys."""
    host = f"sp{number:05d}.example.org"
    made = element(names.MD, "EntityDescriptor", {"entityID": f"https://{host}/shibboleth"})
    extensions = child(made, names.MD, "Extensions")
    attributes = child(extensions, names.MDATTR, "EntityAttributes")
    about = {"Name": "http://macedir.org/entity-category", "NameFormat": names.ATTRNAME_URI}
    attribute = child(attributes, names.SAML, "Attribute", about)
    child(attribute, names.SAML, "AttributeValue", None, "http://refeds.org/category/research-and-scholarship")
    role = child(made, names.MD, "SPSSODescriptor", {"protocolSupportEnumeration": PROTOCOL})
    info = child(child(role, names.MD, "Extensions"), names.MDUI, "UIInfo")
    xml_lang = f"{{{names.XML}}}lang"
    child(info, names.MDUI, "DisplayName", {xml_lang: "en"}, f"Service {number}")
    child(info, names.MDUI, "Description", {xml_lang: "en"}, "A service of the federation. " + "x" * pad)
    child(info, names.MDUI, "PrivacyStatementURL", {xml_lang: "en"}, f"https://{host}/privacy")
    child(info, names.MDUI, "Logo", {"height": "64", "width": "64"}, f"https://{host}/logo.png")
    for use in ("signing", "encryption"):
        info = child(child(role, names.MD, "KeyDescriptor", {"use": use}), names.DS, "KeyInfo")
        child(child(info, names.DS, "X509Data"), names.DS, "X509Certificate", None, certificate())
    child(role, names.MD, "SingleLogoutService", {"Binding": SOAP, "Location": f"https://{host}/SLO/SOAP"})
    for index, binding in enumerate((POST, ARTIFACT)):
        where = {"Binding": binding, "Location": f"https://{host}/SAML2/{index}", "index": str(index)}
        child(role, names.MD, "AssertionConsumerService", where)
    service = child(role, names.MD, "AttributeConsumingService", {"index": "1"})
    child(service, names.MD, "ServiceName", {xml_lang: "en"}, f"Service {number}")
    for oid in ("0.9.2342.19200300.100.1.3", "2.16.840.1.113730.3.1.241"):
        child(service, names.MD, "RequestedAttribute", {"Name": f"urn:oid:{oid}", "NameFormat": names.ATTRNAME_URI})
    return made


def aggregate(
    entities: Iterable[Element],
    valid_until: str | None = "2026-12-10T00:00:00Z",
    created: str | None = None,
    cache: str | None = None,
) -> Element:
    """An EntitiesDescriptor, unsigned."""
    given = {
        "Name": "https://federation.example",
        "validUntil": valid_until,
        "cacheDuration": cache,
    }
    made = element(names.MD, "EntitiesDescriptor", {key: value for key, value in given.items() if value is not None})
    if created is not None:
        info = {"publisher": "https://federation.example", "creationInstant": created}
        child(child(made, names.MD, "Extensions"), names.MDRPI, "PublicationInfo", info)
    made.extend(entities)
    return made


def signed(root: Element | bytes, pair: Pair | None = None) -> bytes:
    """The document signed by the federation's key; an `ID` is given where there is none."""
    root = parse(root, drop_comments=True, max_bytes=10**8) if isinstance(root, bytes) else root
    if root.get("ID") is None:
        root.set("ID", f"_{secrets.token_hex(16)}")
    signing.sign(root, (pair or rsa_pair("federation")).signer())
    return serialize(root)
