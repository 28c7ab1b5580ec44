"""N24: addresses that we would call by ourselves and cannot are told at registration, at a change, and by `doctor`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import CHEAP, Folder
from tests.cli.findings import found

CALLBACK = "https://wiki.example/cb"


def add(site: Folder, name: str, *words: str) -> Any:
    return site.run("client", "add", "oidc", "--name", name, "--redirect-uri", CALLBACK, *words)


@pytest.mark.parametrize(
    ("uri", "reason", "origin"),
    [
        ("https://10.2.3.4/logout", ": 10.2.3.4 is not a public address", "https://10.2.3.4"),
        ("https://127.0.0.1:8443/bye", "not a public address", "https://127.0.0.1:8443"),
        ("http://127.0.0.1:8080/bye", "https is required", "http://127.0.0.1:8080"),
    ],
)
def test_n24_a_logout_address_that_cannot_be_called_is_told_at_registration(
    site: Folder, uri: str, reason: str, origin: str
) -> None:
    result = add(site, f"Wiki {uri}", "--backchannel-logout-uri", uri)
    assert result.code == 0
    assert f"note: backchannel_logout_uri {uri} cannot be called: " in result.err
    assert reason in result.err
    assert f'add "{origin}" to outbound.allow' in result.err
    warnings = add(site, f"Wiki {uri} 2", "--backchannel-logout-uri", uri, "--json").json["warnings"]
    assert any("outbound.allow" in warning for warning in warnings)


def test_n24_so_it_is_when_it_is_set_later_and_so_are_keys(site: Folder) -> None:
    made = add(site, "Later", "--json").json
    result = site.run("client", "set", made["client_id"], "backchannel_logout_uri=https://192.168.7.7/bye")
    assert "outbound.allow" in result.err
    result = add(
        site, "Keys", "--set", "token_endpoint_auth_method=private_key_jwt", "--set", "jwks_uri=https://10.9.9.9/jwks"
    )
    assert "note: jwks_uri https://10.9.9.9/jwks cannot be called" in result.err


def test_n24_what_is_allowed_is_not_told(site: Folder) -> None:
    (site.path / "doorward.toml").write_text(CHEAP + '[outbound]\nallow = ["http://127.0.0.1:8080"]\n')
    try:
        assert "cannot be called" not in add(site, "Fine", "--backchannel-logout-uri", "http://127.0.0.1:8080/x").err
    finally:
        (site.path / "doorward.toml").write_text(CHEAP)


def test_n24_doctor_names_the_application_and_the_setting(site: Folder) -> None:
    add(site, "Doctored", "--backchannel-logout-uri", "https://10.0.0.8/bye")
    told = [one for one in found(site, "applications") if one["text"].startswith("Doctored: ")]
    assert [one["status"] for one in told] == ["warning"]
    assert "10.0.0.8" in told[0]["text"]
    assert 'add "https://10.0.0.8" to outbound.allow' in told[0]["fix"]


def test_n24_doctor_counts_the_sign_outs_that_could_not_be_told(site: Folder, tmp_path: Path) -> None:
    from idp.errors import Explanation
    from idp.installation.files import read_settings
    from idp.opening import create_services

    made = add(site, "Silent", "--json").json
    services = create_services(read_settings(str(site.path / "doorward.toml")))
    for _ in range(3):
        error_id = services.faults.undelivered(
            made["client_id"], "it answered 500", Explanation("application", "Mend.")
        )
    services.faults.flush()
    services.db.close()
    [told] = [one for one in found(site, "applications") if one["text"].startswith("Silent: ")]
    assert "3 sign-outs of the last day" in told["text"]
    assert error_id in told["fix"]
    story = site.run("audit", "show", error_id, "--json").json
    assert (story["application"], story["side"], story["fix"], story["times"]) == ("Silent", "application", "Mend.", 3)
