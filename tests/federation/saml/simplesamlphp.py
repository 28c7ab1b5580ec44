"""SimpleSAMLphp of Debian as somebody's identity provider, on PHP's own server, with a folder of settings."""

from __future__ import annotations

import http.client
import os
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from lxml import etree

from idp.saml.messages import names
from tests.backends import find_free_port
from tests.leftovers import watch
from tests.saml.pairs import rsa_pair
from tests.saml.relying import NS

ROOT = Path("/usr/share/simplesamlphp/www")
PATIENCE = 30.0  # seconds

_CONFIG = """<?php
$config = [
    'baseurlpath' => '{origin}/', 'certdir' => '{folder}/', 'loggingdir' => '{folder}/', 'datadir' => '{folder}/',
    'tempdir' => '{folder}/', 'metadatadir' => '{folder}/metadata/', 'secretsalt' => 'a salt of the tests',
    'auth.adminpassword' => 'not used by any test',
    'technicalcontact_email' => 'na@example.org', 'timezone' => 'UTC', 'logging.handler' => 'file',
    'logging.logfile' => 'log', 'logging.level' => 7, 'enable.saml20-idp' => true,
    'module.enable' => ['exampleauth' => true],
    'session.duration' => 28800, 'session.cookie.name' => 'SimpleSAMLSessionID', 'session.cookie.path' => '/',
    'session.phpsession.cookiename' => 'SimpleSAML', 'session.phpsession.savepath' => '{folder}',
    'session.phpsession.httponly' => true,
    'session.authtoken.cookiename' => 'SimpleSAMLAuthToken', 'language.default' => 'en', 'language.available' => ['en'],
    'store.type' => 'phpsession', 'theme.use' => 'default', 'metadata.sources' => [['type' => 'flatfile']],
    'admin.protectmetadata' => false,
];
"""
_SOURCES = """<?php
$config = [
    'people' => [
        'exampleauth:UserPass',
        'bob:bob of the tests' => ['uid' => ['bob'], 'mail' => ['bob@company.example'], 'groups' => ['sales', 'all']],
    ],
];
"""
_HOSTED = """<?php
$metadata['{origin}/idp'] = [
    'host' => '__DEFAULT__', 'privatekey' => 'key.pem', 'certificate' => 'certificate.pem', 'auth' => 'people',
    'signature.algorithm' => '{algorithm}', 'sign.logout' => true, 'redirect.sign' => true, 'redirect.validate' => true,
    'NameIDFormat' => ['{persistent}', '{transient}'],
    'authproc' => [
        1 => ['class' => 'saml:PersistentNameID', 'attribute' => 'uid'], 2 => ['class' => 'saml:TransientNameID'],
    ],
];
"""


class SimpleSAMLphp:
    """One of them, running. `register` before somebody signs in."""

    def __init__(self, run: int, algorithm: str = names.RSA_SHA256) -> None:
        self.folder, port = Path(tempfile.mkdtemp(prefix="doorward-ssp-")), find_free_port()
        self.origin = f"http://127.0.0.1:{port}"
        rsa_pair("upstream").write(self.folder)
        (self.folder / "metadata").mkdir()
        known = {
            "origin": self.origin, "folder": str(self.folder), "algorithm": algorithm,
            "persistent": names.NAMEID_PERSISTENT, "transient": names.NAMEID_TRANSIENT,
        }  # fmt: skip
        for name, text in (("config", _CONFIG), ("authsources", _SOURCES), ("metadata/saml20-idp-hosted", _HOSTED)):
            for key, value in known.items():
                text = text.replace("{" + key + "}", value)
            (self.folder / f"{name}.php").write_text(text)
        (self.folder / "metadata/saml20-sp-remote.php").write_text("<?php\n")
        environment = {**os.environ, "SIMPLESAMLPHP_CONFIG_DIR": str(self.folder), "PHP_CLI_SERVER_WORKERS": "2"}
        words = ("php", "-d", "opcache.enable=0", "-S", f"127.0.0.1:{port}", "-t", str(ROOT))
        with (self.folder / "php.log").open("wb") as log:
            self.process = subprocess.Popen(
                words, env=environment, stdout=log, stderr=log, stdin=subprocess.DEVNULL, start_new_session=True
            )
        (self.folder / "pid").write_text(str(self.process.pid))
        watch(run, self.folder, "pid", "-KILL")
        self._wait(port)

    def _wait(self, port: int) -> None:
        end = time.monotonic() + PATIENCE
        while True:
            try:
                connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
                connection.request("GET", "/saml2/idp/metadata.php")
                answer = connection.getresponse()
                said = answer.read()  # its page of an error has the status 200 too
                assert answer.status == 200, said[:2000]
                assert b"EntityDescriptor" in said, (self.folder / "log").read_text()[-3000:]
                return
            except OSError:
                if time.monotonic() > end:
                    raise
                time.sleep(0.05)

    @property
    def metadata(self) -> str:
        """Where it publishes its own."""
        return self.origin + "/saml2/idp/metadata.php"

    def register(self, ours: str, **more: Any) -> None:
        """Doorward, as its metadata says (what the page Metadata converter makes of it)."""
        root = etree.fromstring(ours.encode())
        acs, slo = root.find(".//md:AssertionConsumerService", NS), root.find(".//md:SingleLogoutService", NS)
        keys = "".join(
            f"['type' => 'X509Certificate', '{use}' => true, 'X509Certificate' => '{node.text}'],"
            for use in ("signing", "encryption")
            for node in root.iterfind(f".//md:KeyDescriptor[@use='{use}']//ds:X509Certificate", NS)
        )
        assert acs is not None
        assert slo is not None
        said = "".join(f"'{name}' => {value}," for name, value in more.items())
        (self.folder / "metadata/saml20-sp-remote.php").write_text(
            f"<?php\n$metadata['{root.get('entityID')}'] = ['AssertionConsumerService' => '{acs.get('Location')}',"
            f"'SingleLogoutService' => '{slo.get('Location')}','keys' => [{keys}],"
            f"'NameIDFormat' => '{names.NAMEID_PERSISTENT}',{said}];\n"
        )

    def close(self) -> None:
        os.killpg(self.process.pid, signal.SIGTERM)
        self.process.wait(PATIENCE)


@contextmanager
def running(run: int, **options: Any) -> Iterator[SimpleSAMLphp]:
    """One, for as long as it is needed."""
    made = SimpleSAMLphp(run, **options)
    try:
        yield made
    finally:
        made.close()
