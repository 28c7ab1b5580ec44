"""G1: the container and its orchestrators' files: no root, one volume to write to, probes."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from idp.app import ROUTES
from tests.backends import find_free_port
from tests.shipping.environment import ROOT, install

DEPLOY = ROOT / "deploy"
CONTAINERFILE = (DEPLOY / "Containerfile").read_text("utf-8")
LAST = CONTAINERFILE[CONTAINERFILE.rindex("\nFROM") :]


def instruction(name: str) -> str:
    found: list[str] = re.findall(rf"^{name} (.+)$", LAST, re.MULTILINE)
    assert len(found) == 1, name
    return found[0]


def listed(name: str) -> list[str]:
    words = json.loads(instruction(name)[instruction(name).index("[") :])
    assert isinstance(words, list)
    return words


def documents(name: str) -> list[dict[str, Any]]:
    return [one for one in yaml.safe_load_all((DEPLOY / name).read_text("utf-8")) if one]


def test_g1_the_container_is_nobody_s_root_and_has_one_volume_and_a_health_check() -> None:
    user = instruction("USER").split(":")
    assert all(int(number) >= 10000 for number in user)
    assert instruction("VOLUME") == instruction("WORKDIR") == "/var/lib/doorward"
    assert "/healthz" in listed("HEALTHCHECK")[-1]
    assert "/healthz" in {route.path for route in ROUTES}


def test_g1_nothing_gets_into_the_image_but_what_it_is_built_of() -> None:
    ignored = (DEPLOY / "Containerfile.dockerignore").read_text("utf-8").splitlines()
    assert ignored[0] == "*"
    taken = [line[1:] for line in ignored if line.startswith("!")]
    assert all((ROOT / name).exists() for name in taken)
    copied = re.findall(r"^COPY (?!--from)(\S+)", CONTAINERFILE, re.MULTILINE)
    assert set(copied) == {".", "deploy/container.toml"}
    assert "deploy/container.toml" in taken
    assert {"tests", "var", ".venv", ".git", "doorward.toml"} & set(taken) == set()


def test_g1_compose_runs_it_with_a_root_that_is_read_only() -> None:
    (alone,), (grown,) = documents("compose.yaml"), documents("compose.grown.yaml")
    service = alone["services"]["doorward"]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["volumes"] == ["doorward:/var/lib/doorward"]
    assert (DEPLOY / service["build"]["context"] / service["build"]["dockerfile"]).is_file()
    assert set(grown["services"]) == {"doorward", "postgres", "redis"}
    assert set(grown["services"]["doorward"]["depends_on"]) == {"postgres", "redis"}
    assert "noeviction" in grown["services"]["redis"]["command"]
    from idp.config import ENVIRONMENT

    named = {*service["environment"], *grown["services"]["doorward"]["environment"]}
    assert named <= set(ENVIRONMENT)
    for name, one in grown["services"].items():
        assert name == "doorward" or "healthcheck" in one


def test_g1_kubernetes_has_probes_a_budget_and_one_job_that_migrates() -> None:
    found = {one["kind"]: one for one in documents("kubernetes/doorward.yaml")}
    assert set(found) == {"Secret", "ConfigMap", "Job", "Deployment", "PodDisruptionBudget", "Service", "NetworkPolicy"}
    deployment, budget = found["Deployment"]["spec"], found["PodDisruptionBudget"]["spec"]
    assert budget["minAvailable"] < deployment["replicas"]
    for kind in ("Job", "Deployment"):
        pod = found[kind]["spec"]["template"]["spec"]
        (container,) = pod["containers"]
        assert pod["securityContext"]["runAsNonRoot"] is True
        assert str(pod["securityContext"]["runAsUser"]) == instruction("USER").split(":")[0]
        assert container["securityContext"]["readOnlyRootFilesystem"] is True
        assert {one["mountPath"] for one in container["volumeMounts"]} >= {"/var/lib/doorward", "/tmp"}
        volumes = {one["name"] for one in pod["volumes"]}
        assert {one["name"] for one in container["volumeMounts"]} == volumes
    (server,) = deployment["template"]["spec"]["containers"]
    paths = {route.path for route in ROUTES}
    for probe in ("startupProbe", "livenessProbe", "readinessProbe"):
        assert server[probe]["httpGet"]["path"] in paths
    assert deployment["template"]["metadata"]["labels"] == found["Service"]["spec"]["selector"]
    policy, (port,) = found["NetworkPolicy"]["spec"], server["ports"]
    assert policy["podSelector"]["matchLabels"] == deployment["template"]["metadata"]["labels"]
    (rule,) = policy["ingress"]
    (whom,), (on,) = rule["from"], rule["ports"]
    assert whom.keys() == {"namespaceSelector", "podSelector"}  # one entry: both must hold
    assert (policy["policyTypes"], on["port"]) == (["Ingress"], port["name"])
    assert deployment["selector"]["matchLabels"] == budget["selector"]["matchLabels"]
    from idp.config import ENVIRONMENT

    assert set(found["Secret"]["stringData"]) <= set(ENVIRONMENT)


def test_g1_a_proxy_beside_compose_is_trusted_and_nobody_else() -> None:
    """It arrives by the gateway of the network; without an address of its own nobody could name that."""
    from ipaddress import ip_address, ip_network

    from idp.config import load

    (alone,) = documents("compose.yaml")
    (network,) = alone["networks"]["default"]["ipam"]["config"]
    assert ip_address(network["gateway"]) in ip_network(network["subnet"])
    assert load(DEPLOY / "container.toml", {}).server.trusted_proxies == [f"{network['gateway']}/32"]
    assert all(port.startswith("127.0.0.1:") for port in alone["services"]["doorward"]["ports"])
    (grown,) = documents("compose.grown.yaml")  # is laid over it, so its services stand in the same network
    assert "networks" not in grown


@pytest.mark.parametrize("header", ["X-Forwarded-Client-Cert", "Client-Cert"])
@pytest.mark.parametrize(("name", "line"), [
    ("nginx.conf", 'proxy_set_header {header} "";'), ("Caddyfile", "header_up -{header}"),
    ("apache.conf", "RequestHeader unset {header}"), ("haproxy.cfg", "http-request del-header {header}"),
    ("traefik.yaml", '{header}: ""'),
])  # fmt: skip
def test_S14_S28_each_example_of_a_proxy_leaves_out_what_a_client_writes_of_a_certificate(
    name: str, line: str, header: str
) -> None:
    """RFC 8705 §6.4; every example of the folder has a line here."""
    text = (DEPLOY / "proxies" / name).read_text("utf-8")
    assert line.format(header=header) in [one.strip() for one in text.splitlines()]
    assert len(list((DEPLOY / "proxies").iterdir())) == 5
    if name == "traefik.yaml":
        http = yaml.safe_load(text)["http"]
        (used,) = http["routers"]["doorward"]["middlewares"]
        assert header in http["middlewares"][used]["headers"]["customRequestHeaders"]


def test_g1_the_settings_in_the_files_are_settings(tmp_path: Path) -> None:
    from idp.config import ConfigError, load

    assert load(DEPLOY / "container.toml", {}).server.host == "0.0.0.0"
    (told,) = [one for one in documents("kubernetes/doorward.yaml") if one["kind"] == "ConfigMap"]
    file, text = tmp_path / "doorward.toml", told["data"]["doorward.toml"]
    file.write_text(text)
    with pytest.raises(ConfigError, match=r"trusted_proxies.*CHANGE-ME"):  # no network is right for everybody
        load(file, {})
    file.write_text(text.replace("CHANGE-ME", "10.0.0.9/32"))
    assert load(file, {}).server.issuer == "https://login.example.com"


@pytest.mark.slow
def test_g1_what_the_container_runs_runs_and_is_healthy(built: tuple[Path, Path], tmp_path: Path) -> None:
    """Its steps one by one: the package, its settings, its command, its health check; a folder is the volume."""
    environment = install(built[0], tmp_path / "venv")
    volume, port = tmp_path / "volume", find_free_port()
    volume.mkdir(mode=0o700)
    set_there = dict(re.findall(r"^ENV (\w+)=(\S+)$", LAST, re.MULTILINE))
    variables = {
        **environment.variables(), **set_there, "PATH": environment.variables()["PATH"],
        "DOORWARD_CONFIG": str(DEPLOY / "container.toml"), "DOORWARD_DATA_DIR": str(volume),
    }  # fmt: skip
    (name,) = listed("ENTRYPOINT")
    command = [str(environment.folder / "bin" / name), *listed("CMD"), "--port", str(port)]
    server = subprocess.Popen(command, cwd=volume, env=variables, stdout=subprocess.PIPE, text=True)
    assert server.stdout is not None
    try:
        said = ""
        while "listens on" not in said:
            line = server.stdout.readline()
            assert line, said
            said += line
        assert "Here the first owner sets a password" in said
        check = [word.replace(":8000", f":{port}") for word in listed("HEALTHCHECK")]
        done = subprocess.run(check, env=variables, cwd=volume, capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"{shlex.join(check)}\n{done.stderr}"
    finally:
        server.terminate()
        assert server.wait(60) == 0
        server.stdout.close()
    assert not list((environment.folder / "lib").rglob("idp/**/*.pyc")), "nothing is written beside the volume"
