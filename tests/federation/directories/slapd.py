"""A directory of its own: Debian's slapd in a folder of the test, on free ports, with a certificate of its own."""

from __future__ import annotations

import shutil
import socket
import subprocess
import time
from pathlib import Path

import pytest

from tests.backends import find_free_port
from tests.counterparts.authority import make_certificate

BASE = "dc=example,dc=com"
ADMIN, ADMIN_PASSWORD = f"cn=admin,{BASE}", "service-secret"
BINARY = shutil.which("slapd", path="/usr/sbin:/usr/local/sbin:/usr/bin:/usr/libexec")
LOAD = shutil.which("slapadd", path="/usr/sbin:/usr/local/sbin:/usr/bin")
SCHEMA = Path("/etc/ldap/schema")

CONFIG = """
include {schema}/core.schema
include {schema}/cosine.schema
include {schema}/nis.schema
include {schema}/inetorgperson.schema
moduleload back_mdb
moduleload ppolicy
pidfile {folder}/slapd.pid
TLSCertificateFile {certificate}
TLSCertificateKeyFile {key}
sizelimit size.soft=500 size.hard=500 size.prtotal=unlimited
database mdb
maxsize 268435456
suffix "{base}"
rootdn "{admin}"
rootpw {password}
directory {folder}/db
dbnosync
index objectClass,entryUUID,uid,mail,member eq
index entryCSN,modifyTimestamp eq
access to attrs=userPassword by self write by anonymous auth by * none
access to * by * read
overlay ppolicy
ppolicy_use_lockout
"""
TREE = f"""dn: {BASE}
objectClass: dcObject
objectClass: organization
o: Example
dc: example

dn: ou=people,{BASE}
objectClass: organizationalUnit
ou: people

dn: ou=groups,{BASE}
objectClass: organizationalUnit
ou: groups

dn: cn=strict,{BASE}
objectClass: pwdPolicy
objectClass: person
cn: strict
sn: strict
pwdAttribute: userPassword
pwdMaxAge: 1
pwdLockout: TRUE
pwdMaxFailure: 3
pwdMustChange: TRUE
"""


def needed() -> None:
    """Skip where there is no slapd; `make test` installs it."""
    if BINARY is None or LOAD is None:
        pytest.skip("slapd is not installed: apt-get install slapd")


class Slapd:
    """One server. `uri`, `secure`: its addresses; `authority`: the certificate in PEM."""

    def __init__(self, folder: Path, name: str = "slapd") -> None:
        self.folder = folder / name
        (self.folder / "db").mkdir(parents=True)
        self.certificate, self.key = make_certificate(self.folder, "localhost")
        self.authority = self.certificate.read_text()
        self.config = self.folder / "slapd.conf"
        self.config.write_text(CONFIG.format(
            schema=SCHEMA, folder=self.folder, certificate=self.certificate, key=self.key, base=BASE, admin=ADMIN,
            password=ADMIN_PASSWORD,
        ))  # fmt: skip
        self.load(TREE)
        self._process: subprocess.Popen[bytes] | None = None
        self.port, self.secure_port = find_free_port(), find_free_port()

    @property
    def uri(self) -> str:
        return f"ldap://localhost:{self.port}"

    @property
    def secure(self) -> str:
        return f"ldaps://localhost:{self.secure_port}"

    def load(self, ldif: str) -> None:
        """Before it runs."""
        command = [str(LOAD), "-q", "-f", str(self.config)]
        subprocess.run(command, input=ldif.encode(), check=True, capture_output=True, timeout=60)

    def start(self) -> Slapd:
        command = [
            str(BINARY),
            "-d",
            "0",
            "-f",
            str(self.config),
            "-h",
            f"ldap://127.0.0.1:{self.port} ldaps://127.0.0.1:{self.secure_port}",
        ]
        self._process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        until = time.monotonic() + 20
        while time.monotonic() < until:
            try:
                socket.create_connection(("127.0.0.1", self.secure_port), 1).close()
                return self
            except OSError:
                time.sleep(0.02)
        raise AssertionError("slapd does not answer")

    def signal(self, number: int) -> None:
        assert self._process is not None
        self._process.send_signal(number)

    def change(self, ldif: str) -> None:
        """While it runs."""
        command = [
            "ldapmodify",
            "-x",
            "-H",
            self.uri.replace("localhost", "127.0.0.1"),
            "-D",
            ADMIN,
            "-w",
            ADMIN_PASSWORD,
        ]
        subprocess.run(command, input=ldif.encode(), check=True, capture_output=True, timeout=30)

    def stop(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()


def person(uid: str, password: str = "", *, more: str = "", change: bool = False) -> str:
    """Somebody's entry."""
    kind = "changetype: add\n" if change else ""
    secret = f"userPassword: {password or uid + '-there'}\n"
    return (
        f"dn: uid={uid},ou=people,{BASE}\n{kind}objectClass: inetOrgPerson\nobjectClass: shadowAccount\nuid: {uid}\n"
        f"cn: {uid.title()} There\nsn: There\ngivenName: {uid.title()}\nmail: {uid}@example.com\n{secret}{more}\n"
    )


def replaced(uid: str, attribute: str, value: str) -> str:
    """A change of somebody's entry."""
    return f"dn: {dn(uid)}\nchangetype: modify\nreplace: {attribute}\n{attribute}: {value}\n\n"


def group(name: str, *members: str) -> str:
    """A group's entry; members by their DN."""
    said = "".join(f"member: {one}\n" for one in members)
    return f"dn: cn={name},ou=groups,{BASE}\nobjectClass: groupOfNames\ncn: {name}\n{said}\n"


def dn(uid: str) -> str:
    return f"uid={uid},ou=people,{BASE}"
