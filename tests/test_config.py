"""Settings: the example file is the code's own, and a wrong line is named with what belongs there."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from idp.config import ENVIRONMENT, ConfigError, Settings, example, load

ROOT = Path(__file__).parent.parent


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "doorward.toml"


def refusal(file: Path, text: str, environ: dict[str, str] | None = None) -> str:
    """What is said of a settings file that cannot be used, with the file's folder left out."""
    file.write_text(text, "utf-8")
    with pytest.raises(ConfigError) as refused:
        load(file, environ or {})
    return str(refused.value).replace(f"{file.parent}/", "")


# -- the example -----------------------------------------------------------------------------------------------------


def test_the_example_file_is_written_from_the_code() -> None:
    text = (ROOT / "config.example.toml").read_text("utf-8")
    assert text == example(), "run `make config.example.toml`"


def test_the_example_holds_every_setting_with_its_default() -> None:
    loaded = load(ROOT / "config.example.toml", {})
    assert loaded.model_copy(update={"base_dir": "."}) == Settings()
    written = tomllib.loads(example())
    for section, field in Settings.model_fields.items():
        if section != "base_dir":
            assert set(written[section]) == set(field.annotation.model_fields)  # type: ignore[union-attr]


def test_every_setting_has_its_reason_in_the_line_above() -> None:
    lines = example().splitlines()
    settings = [number for number, line in enumerate(lines) if " = " in line and not line.startswith("#")]
    assert len(settings) > 30
    for number in settings:
        assert len(lines[number - 1].removeprefix("# ")) > 5, lines[number]


# -- what is wrong ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[server]\nprot = 1\n", "doorward.toml:2: unknown key server.prot; expected one of: body_seconds,"),
        ("# a\n\n[sever]\nport = 1\n", "doorward.toml:3: unknown key sever; expected one of: admin, admin_codes,"),
        ("port = 1\n", "doorward.toml:1: unknown key port; expected one of: admin, admin_codes,"),
        ("[log]\n\nlevel = 3\n", "doorward.toml:3: log.level = 3: input should be 'debug', 'info', 'warning' or"),
        ('[server]\nport = "80"\n', "doorward.toml:2: server.port = '80': input should be a valid integer"),
        ("[server]\nport = true\n", "doorward.toml:2: server.port = True: input should be a valid integer"),
        ("[server]\nport = 0\n", "doorward.toml:2: server.port = 0: input should be greater than or equal to 1"),
        ("server.port = 0\n", "doorward.toml:1: server.port = 0: input should be greater than or equal to 1"),
        ("server = 3\n", "doorward.toml:1: server = 3: expected a section: [server] on a line of its own"),
        ('[brand]\naccent = "red"\n', "doorward.toml:2: brand.accent = 'red': string should match pattern"),
        ("[throttle]\npauses_minutes = []\n", "doorward.toml:2: throttle.pauses_minutes = []: expected a list of min"),
        ('[outbound]\nallow = "x"\n', "doorward.toml:2: outbound.allow = 'x': input should be a valid list"),
        ('[server]\ntrusted_proxies = ["10/33"]\n', "doorward.toml:2: server.trusted_proxies = ['10/33']: "),
        ('[server]\nissuer = "https://a.example/"\n', "doorward.toml:2: server.issuer = 'https://a.example/': expect"),
        ('[server]\nissuer = "http://a.example"\n', "doorward.toml:2: server.issuer = 'http://a.example': expected h"),
        ('[storage]\ndatabase_url = "mysql://h/d"\n', "doorward.toml:2: storage.database_url = 'mysql://h/d': expec"),
        ("[server]\nport =\n", "doorward.toml: not TOML: Invalid value (at line 2, column 7)"),
    ],
)
def test_a_wrong_line_is_named_with_what_belongs_there(file: Path, text: str, said: str) -> None:
    assert refusal(file, text).startswith(said)


def test_everything_wrong_is_told_at_once(file: Path) -> None:
    said = refusal(file, "[server]\nport = 0\nworkers = 0\n[log]\ncolour = true\n").splitlines()
    assert [line.split(":")[1] for line in said] == ["2", "3", "5"]


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"nowhere\.toml: No such file"):
        load(tmp_path / "nowhere.toml", {})


@pytest.mark.parametrize(
    ("variable", "value", "said"),
    [
        (
            "DOORWARD_ISSUER",
            "login.example.com",
            "server.issuer = 'login.example.com': expected a URL such as https://",
        ),
        ("DOORWARD_DATABASE_URL", "mysql://h/d", "storage.database_url = 'mysql://h/d': expected empty, sqlite:///"),
        ("DOORWARD_STATE_URL", "memcached://h", "storage.state_url = 'memcached://h': expected empty or redis://"),
    ],
)
def test_a_wrong_environment_variable_is_named_itself(file: Path, variable: str, value: str, said: str) -> None:
    # The same key stands in the file, and is right: the blame must not fall on the file.
    assert refusal(file, "[server]\nport = 8000\n", {variable: value}).startswith(
        f"environment variable {variable}: {said}"
    )


@pytest.mark.parametrize(
    "text",
    [
        '[storage]\ndatabase_url = "mysql://doorward:hunter2@h/d"\n',
        '[storage]\nstate_url = "http://:hunter2@h"\n',
        '[keys]\nmaster_key = ["hunter2"]\n',
        '[storage]\ndatabase_url = "mysql://doorward:a@hunter2@h/d"\n',
        '[storage]\ndatabase_url = "postgresql-ssl://h/d?password=hunter2"\n',
        '[storage]\nstate_url = "redis+sentinel://h1,h2?password=hunter2"\n',
        '[sms]\nurl = "foo hunter2"\n',
        '[sms]\nurl = "ftp://h/hunter2"\n',
        "[audit]\nwebhook_secret = ['hunter2']\n",
        "[metrics]\ntoken = ['hunter2']\n",
    ],
)
def test_a_secret_in_a_wrong_value_is_not_repeated(file: Path, text: str) -> None:
    said = refusal(file, text)
    assert "hunter2" not in said
    assert "doorward.toml:2" in said


# -- precedence ------------------------------------------------------------------------------------------------------


def test_the_environment_wins_over_the_file_and_the_file_over_the_default(file: Path) -> None:
    file.write_text(
        '[server]\nissuer = "https://file.example"\nport = 9000\n[outbound]\nallow = ["https://a.example"]\n'
    )
    settings = load(
        file,
        {"DOORWARD_ISSUER": "https://env.example", "DOORWARD_OUTBOUND_ALLOW": "https://b.example https://c.example"},
    )
    assert settings.server.issuer == "https://env.example"
    assert settings.outbound.allow == ["https://b.example", "https://c.example"]
    assert (settings.server.port, settings.server.threads) == (9000, Settings().server.threads)


@pytest.mark.parametrize("variable", ENVIRONMENT)
def test_every_environment_variable_reaches_its_setting(variable: str) -> None:
    values = {
        "DOORWARD_ISSUER": "https://id.example",
        "DOORWARD_DATABASE_URL": "postgresql://h/d",
        "DOORWARD_STATE_URL": "redis://h:6379/0",
        "DOORWARD_OUTBOUND_ALLOW": "https://a.example",
        "DOORWARD_METRICS_TOKEN": "s" * 24,
    }
    value = values.get(variable, "something")
    section, key = ENVIRONMENT[variable]
    found = getattr(getattr(load(None, {variable: value}), section), key)
    assert found == ([value] if key == "allow" else value)
    assert variable in example()


def test_relative_paths_start_at_the_settings_file(file: Path) -> None:
    file.write_text('[storage]\ndata_dir = "data"\n')
    settings = load(file, {})
    assert settings.data_dir == file.parent.resolve() / "data"
    assert settings.database_url == f"sqlite:///{file.parent.resolve()}/data/doorward.db"


@pytest.mark.parametrize(
    "domain", ["co.uk", "com.au", "gv.at", "ac.jp", "github.io", "azurewebsites.net", "duckdns.org"]
)
def test_passkeys_cannot_belong_to_a_domain_of_everybody(domain: str) -> None:
    """No browser would take it; the operator hears of it before people do."""
    from idp.config import Passkeys

    with pytest.raises(ValueError, match="strangers have theirs"):
        Passkeys(rp_id=domain)


@pytest.mark.parametrize(
    "domain", ["example.com", "example.co.uk", "co.example", "sso.github.io", "net.example.org", "go.de.com"]
)
def test_passkeys_may_belong_to_a_domain_of_ones_own(domain: str) -> None:
    from idp.config import Passkeys

    assert Passkeys(rp_id=domain).rp_id == domain
