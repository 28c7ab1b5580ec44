"""The names of SAML 2.0 and its neighbours: namespaces, bindings, formats, status codes, classes, algorithms."""

from __future__ import annotations

from typing import Final

# -- namespaces ------------------------------------------------------------------------------------------------------

SAML: Final = "urn:oasis:names:tc:SAML:2.0:assertion"
SAMLP: Final = "urn:oasis:names:tc:SAML:2.0:protocol"
MD: Final = "urn:oasis:names:tc:SAML:2.0:metadata"
DS: Final = "http://www.w3.org/2000/09/xmldsig#"
DSIG11: Final = "http://www.w3.org/2009/xmldsig11#"
EC: Final = "http://www.w3.org/2001/10/xml-exc-c14n#"
XENC: Final = "http://www.w3.org/2001/04/xmlenc#"
XENC11: Final = "http://www.w3.org/2009/xmlenc11#"
XS: Final = "http://www.w3.org/2001/XMLSchema"
XSI: Final = "http://www.w3.org/2001/XMLSchema-instance"
XML: Final = "http://www.w3.org/XML/1998/namespace"
SOAP: Final = "http://schemas.xmlsoap.org/soap/envelope/"
PAOS_NS: Final = "urn:liberty:paos:2003-08"
ECP: Final = "urn:oasis:names:tc:SAML:2.0:profiles:SSO:ecp"
CB: Final = "urn:oasis:names:tc:SAML:protocol:ext:channel-binding"
SAMLEC: Final = "urn:ietf:params:xml:ns:samlec"
ALG: Final = "urn:oasis:names:tc:SAML:metadata:algsupport"
MDUI: Final = "urn:oasis:names:tc:SAML:metadata:ui"
MDATTR: Final = "urn:oasis:names:tc:SAML:metadata:attribute"
MDRPI: Final = "urn:oasis:names:tc:SAML:metadata:rpi"
SHIBMD: Final = "urn:mace:shibboleth:metadata:1.0"
IDPDISC: Final = "urn:oasis:names:tc:SAML:profiles:SSO:idp-discovery-protocol"
INIT: Final = "urn:oasis:names:tc:SAML:profiles:SSO:request-init"
ASLO: Final = "urn:oasis:names:tc:SAML:2.0:protocol:ext:async-slo"

PREFIXES: Final[dict[str, str]] = {
    "saml": SAML,
    "samlp": SAMLP,
    "md": MD,
    "ds": DS,
    "ec": EC,
    "xenc": XENC,
    "xenc11": XENC11,
    "xs": XS,
    "xsi": XSI,
    "soap": SOAP,
    "paos": PAOS_NS,
    "ecp": ECP,
    "cb": CB,
    "samlec": SAMLEC,
    "alg": ALG,
    "mdui": MDUI,
    "mdattr": MDATTR,
    "mdrpi": MDRPI,
    "shibmd": SHIBMD,
    "idpdisc": IDPDISC,
    "init": INIT,
    "aslo": ASLO,
}

# -- bindings (Bind §3) ----------------------------------------------------------------------------------------------

HTTP_REDIRECT: Final = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect"
HTTP_POST: Final = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST"
HTTP_ARTIFACT: Final = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Artifact"
SOAP_BINDING: Final = "urn:oasis:names:tc:SAML:2.0:bindings:SOAP"
PAOS: Final = "urn:oasis:names:tc:SAML:2.0:bindings:PAOS"
DEFLATE: Final = "urn:oasis:names:tc:SAML:2.0:bindings:URL-Encoding:DEFLATE"

# -- NameID formats (Core §8.3) --------------------------------------------------------------------------------------

NAMEID_UNSPECIFIED: Final = "urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified"
NAMEID_EMAIL: Final = "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress"
NAMEID_X509: Final = "urn:oasis:names:tc:SAML:1.1:nameid-format:X509SubjectName"
NAMEID_WINDOWS: Final = "urn:oasis:names:tc:SAML:1.1:nameid-format:WindowsDomainQualifiedName"
NAMEID_KERBEROS: Final = "urn:oasis:names:tc:SAML:2.0:nameid-format:kerberos"
NAMEID_ENTITY: Final = "urn:oasis:names:tc:SAML:2.0:nameid-format:entity"
NAMEID_PERSISTENT: Final = "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent"
NAMEID_TRANSIENT: Final = "urn:oasis:names:tc:SAML:2.0:nameid-format:transient"
NAMEID_ENCRYPTED: Final = "urn:oasis:names:tc:SAML:2.0:nameid-format:encrypted"

SUBJECT_ID: Final = "urn:oasis:names:tc:SAML:attribute:subject-id"
PAIRWISE_ID: Final = "urn:oasis:names:tc:SAML:attribute:pairwise-id"
SUBJECT_ID_REQ: Final = "urn:oasis:names:tc:SAML:profiles:subject-id:req"

# -- status codes (Core §3.2.2.2): the first four stand at the top, the others inside --------------------------------

SUCCESS: Final = "urn:oasis:names:tc:SAML:2.0:status:Success"
REQUESTER: Final = "urn:oasis:names:tc:SAML:2.0:status:Requester"
RESPONDER: Final = "urn:oasis:names:tc:SAML:2.0:status:Responder"
VERSION_MISMATCH: Final = "urn:oasis:names:tc:SAML:2.0:status:VersionMismatch"
TOP_LEVEL_STATUS: Final = frozenset({SUCCESS, REQUESTER, RESPONDER, VERSION_MISMATCH})

AUTHN_FAILED: Final = "urn:oasis:names:tc:SAML:2.0:status:AuthnFailed"
INVALID_ATTR: Final = "urn:oasis:names:tc:SAML:2.0:status:InvalidAttrNameOrValue"
INVALID_NAMEID_POLICY: Final = "urn:oasis:names:tc:SAML:2.0:status:InvalidNameIDPolicy"
NO_AUTHN_CONTEXT: Final = "urn:oasis:names:tc:SAML:2.0:status:NoAuthnContext"
NO_AVAILABLE_IDP: Final = "urn:oasis:names:tc:SAML:2.0:status:NoAvailableIDP"
NO_PASSIVE: Final = "urn:oasis:names:tc:SAML:2.0:status:NoPassive"
NO_SUPPORTED_IDP: Final = "urn:oasis:names:tc:SAML:2.0:status:NoSupportedIDP"
PARTIAL_LOGOUT: Final = "urn:oasis:names:tc:SAML:2.0:status:PartialLogout"
PROXY_COUNT_EXCEEDED: Final = "urn:oasis:names:tc:SAML:2.0:status:ProxyCountExceeded"
REQUEST_DENIED: Final = "urn:oasis:names:tc:SAML:2.0:status:RequestDenied"
REQUEST_UNSUPPORTED: Final = "urn:oasis:names:tc:SAML:2.0:status:RequestUnsupported"
REQUEST_VERSION_DEPRECATED: Final = "urn:oasis:names:tc:SAML:2.0:status:RequestVersionDeprecated"
REQUEST_VERSION_TOO_HIGH: Final = "urn:oasis:names:tc:SAML:2.0:status:RequestVersionTooHigh"
REQUEST_VERSION_TOO_LOW: Final = "urn:oasis:names:tc:SAML:2.0:status:RequestVersionTooLow"
RESOURCE_NOT_RECOGNIZED: Final = "urn:oasis:names:tc:SAML:2.0:status:ResourceNotRecognized"
TOO_MANY_RESPONSES: Final = "urn:oasis:names:tc:SAML:2.0:status:TooManyResponses"
UNKNOWN_ATTR_PROFILE: Final = "urn:oasis:names:tc:SAML:2.0:status:UnknownAttrProfile"
UNKNOWN_PRINCIPAL: Final = "urn:oasis:names:tc:SAML:2.0:status:UnknownPrincipal"
UNSUPPORTED_BINDING: Final = "urn:oasis:names:tc:SAML:2.0:status:UnsupportedBinding"

# -- authentication context classes (AuthnContext §3.4; refeds.org) --------------------------------------------------

AC_UNSPECIFIED: Final = "urn:oasis:names:tc:SAML:2.0:ac:classes:unspecified"
AC_PASSWORD: Final = "urn:oasis:names:tc:SAML:2.0:ac:classes:Password"
AC_PASSWORD_PROTECTED: Final = "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport"
AC_PREVIOUS_SESSION: Final = "urn:oasis:names:tc:SAML:2.0:ac:classes:PreviousSession"
AC_MOBILE_TWO_FACTOR: Final = "urn:oasis:names:tc:SAML:2.0:ac:classes:MobileTwoFactorContract"
AC_TIME_SYNC_TOKEN: Final = "urn:oasis:names:tc:SAML:2.0:ac:classes:TimeSyncToken"
AC_X509: Final = "urn:oasis:names:tc:SAML:2.0:ac:classes:X509"
AC_TLS_CLIENT: Final = "urn:oasis:names:tc:SAML:2.0:ac:classes:TLSClient"
AC_KERBEROS: Final = "urn:oasis:names:tc:SAML:2.0:ac:classes:Kerberos"
AC_SMARTCARD_PKI: Final = "urn:oasis:names:tc:SAML:2.0:ac:classes:SmartcardPKI"
REFEDS_MFA: Final = "https://refeds.org/profile/mfa"
REFEDS_SFA: Final = "https://refeds.org/profile/sfa"

# -- attributes (Core §8.2), confirmation, consent (Core §8.4), logout (Core §3.7.3) ---------------------------------

ATTRNAME_UNSPECIFIED: Final = "urn:oasis:names:tc:SAML:2.0:attrname-format:unspecified"
ATTRNAME_URI: Final = "urn:oasis:names:tc:SAML:2.0:attrname-format:uri"
ATTRNAME_BASIC: Final = "urn:oasis:names:tc:SAML:2.0:attrname-format:basic"
BEARER: Final = "urn:oasis:names:tc:SAML:2.0:cm:bearer"
CONSENT_UNSPECIFIED: Final = "urn:oasis:names:tc:SAML:2.0:consent:unspecified"
CONSENT_OBTAINED: Final = "urn:oasis:names:tc:SAML:2.0:consent:obtained"
CONSENT_PRIOR: Final = "urn:oasis:names:tc:SAML:2.0:consent:prior"
CONSENT_IMPLICIT: Final = "urn:oasis:names:tc:SAML:2.0:consent:current-implicit"
LOGOUT_USER: Final = "urn:oasis:names:tc:SAML:2.0:logout:user"
LOGOUT_ADMIN: Final = "urn:oasis:names:tc:SAML:2.0:logout:admin"

# -- algorithms (RFC 9231, xmlenc 1.1) -------------------------------------------------------------------------------

ENVELOPED: Final = "http://www.w3.org/2000/09/xmldsig#enveloped-signature"
EXC_C14N: Final = "http://www.w3.org/2001/10/xml-exc-c14n#"
EXC_C14N_COMMENTS: Final = "http://www.w3.org/2001/10/xml-exc-c14n#WithComments"
C14N: Final = "http://www.w3.org/TR/2001/REC-xml-c14n-20010315"
C14N_COMMENTS: Final = "http://www.w3.org/TR/2001/REC-xml-c14n-20010315#WithComments"
C14N_11: Final = "http://www.w3.org/2006/12/xml-c14n11"
C14N_11_COMMENTS: Final = "http://www.w3.org/2006/12/xml-c14n11#WithComments"

SHA1: Final = "http://www.w3.org/2000/09/xmldsig#sha1"
SHA256: Final = "http://www.w3.org/2001/04/xmlenc#sha256"
SHA384: Final = "http://www.w3.org/2001/04/xmldsig-more#sha384"
SHA512: Final = "http://www.w3.org/2001/04/xmlenc#sha512"

RSA_SHA1: Final = "http://www.w3.org/2000/09/xmldsig#rsa-sha1"
RSA_SHA256: Final = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"
RSA_SHA384: Final = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha384"
RSA_SHA512: Final = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha512"
RSA_PSS_SHA256: Final = "http://www.w3.org/2007/05/xmldsig-more#sha256-rsa-MGF1"
RSA_PSS_SHA384: Final = "http://www.w3.org/2007/05/xmldsig-more#sha384-rsa-MGF1"
RSA_PSS_SHA512: Final = "http://www.w3.org/2007/05/xmldsig-more#sha512-rsa-MGF1"
ECDSA_SHA1: Final = "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha1"
ECDSA_SHA256: Final = "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256"
ECDSA_SHA384: Final = "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha384"
ECDSA_SHA512: Final = "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha512"

AES128_CBC: Final = "http://www.w3.org/2001/04/xmlenc#aes128-cbc"
AES192_CBC: Final = "http://www.w3.org/2001/04/xmlenc#aes192-cbc"
AES256_CBC: Final = "http://www.w3.org/2001/04/xmlenc#aes256-cbc"
AES128_GCM: Final = "http://www.w3.org/2009/xmlenc11#aes128-gcm"
AES192_GCM: Final = "http://www.w3.org/2009/xmlenc11#aes192-gcm"
AES256_GCM: Final = "http://www.w3.org/2009/xmlenc11#aes256-gcm"
RSA_1_5: Final = "http://www.w3.org/2001/04/xmlenc#rsa-1_5"
RSA_OAEP_MGF1P: Final = "http://www.w3.org/2001/04/xmlenc#rsa-oaep-mgf1p"
RSA_OAEP: Final = "http://www.w3.org/2009/xmlenc11#rsa-oaep"
MGF1_SHA1: Final = "http://www.w3.org/2009/xmlenc11#mgf1sha1"
MGF1_SHA256: Final = "http://www.w3.org/2009/xmlenc11#mgf1sha256"
MGF1_SHA384: Final = "http://www.w3.org/2009/xmlenc11#mgf1sha384"
MGF1_SHA512: Final = "http://www.w3.org/2009/xmlenc11#mgf1sha512"
XENC_ELEMENT: Final = "http://www.w3.org/2001/04/xmlenc#Element"
