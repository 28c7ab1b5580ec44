"""The rooms `clients` and `keys` know nothing of each other; what both say of algorithms is the same."""

from __future__ import annotations

from clients.metadata import SIGNING
from idp.oidc.client_auth.private_key_jwt import ASSERTION_ALGS
from keys.algorithms import ALGORITHMS


def test_an_application_may_be_registered_for_each_algorithm_that_there_is_and_no_other() -> None:
    assert sorted(SIGNING) == sorted(ALGORITHMS) == sorted(ASSERTION_ALGS)
