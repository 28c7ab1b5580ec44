"""AuthnContext classes by what was shown: one is told, it was asked for, and it is a URI."""

from __future__ import annotations

import itertools

import pytest

from idp.errors import SamlError
from idp.login.authn import METHODS, reached
from idp.saml.assertions import authn_context
from idp.saml.messages import names
from idp.saml.messages.authn_request import RequestedAuthnContext

SHOWN = [methods for many in (1, 2) for methods in itertools.permutations(METHODS, many)]


@pytest.mark.spec("SAML2 Core 2.7.2.2")
@pytest.mark.parametrize("methods", SHOWN, ids="+".join)
def test_what_is_told_unasked_is_the_strongest_class_that_was_shown(methods: tuple[str, ...]) -> None:
    told = authn_context.asserted((), methods)
    assert ":" in told  # a URI; OpenID Connect's short names mean nothing here
    classes = [ref for ref in reached(methods) if ":" in ref]
    assert told == (classes[-1] if classes else names.AC_UNSPECIFIED)


def test_a_passkey_is_two_factors() -> None:
    assert authn_context.asserted((), ("passkey",)) == names.REFEDS_MFA
    assert authn_context.asserted((names.REFEDS_MFA,), ("passkey",)) == names.REFEDS_MFA


@pytest.mark.parametrize("methods", [("pwd",), ("pwd", "email"), ("totp", "sms"), ("pwd", "admin")], ids="+".join)
def test_refeds_mfa_takes_two_factors_of_different_kinds(methods: tuple[str, ...]) -> None:
    with pytest.raises(SamlError) as refused:
        authn_context.asserted((names.REFEDS_MFA,), methods)
    assert (refused.value.status, refused.value.substatus) == (names.RESPONDER, names.NO_AUTHN_CONTEXT)


def test_a_name_that_is_no_class_of_saml_is_not_promised() -> None:
    with pytest.raises(SamlError):
        authn_context.acceptable(RequestedAuthnContext("exact", ("phr",), declarations=False))
