"""Several servers of Redis that stand in for each other: under Sentinels, and as a Cluster; each one can be killed."""

from __future__ import annotations

import contextlib
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import redis

from tests.backends import find_free_port, find_program
from tests.leftovers import watch

PATIENCE = 30.0  # seconds
NOTICED_MS = 1000  # after how long a silent server counts as gone


class Node:
    """One process of redis-server: a server, a Sentinel or a node of a Cluster."""

    def __init__(self, folder: Path, settings: str, *, sentinel: bool = False) -> None:
        self.port = find_free_port()
        self.folder = folder / str(self.port)
        self.folder.mkdir()
        self._file = self.folder / "redis.conf"
        text = f"port {self.port}\nbind 127.0.0.1\ndir {self.folder}\npidfile {self.folder}/pid\n{settings}"
        self._file.write_text(text)
        self._extra = ["--sentinel"] if sentinel else []
        self.client = redis.Redis(port=self.port, socket_timeout=5, decode_responses=True)
        self.start()

    def start(self) -> None:
        """Start it, with the files that it has, and wait until it answers."""
        program = find_program("redis-server", "redis-server")
        with (self.folder / "log").open("a") as log:
            self.process = subprocess.Popen(
                [program, str(self._file), *self._extra], stdout=log, stderr=log, start_new_session=True
            )
        (self.folder / "pid").write_text(str(self.process.pid))
        eventually(lambda: bool(self.client.ping()))

    def kill(self) -> None:
        """As when the machine loses power."""
        self.process.kill()
        self.process.wait()

    def freeze(self) -> None:
        """Let it take connections and answer nothing."""
        self.process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Undo `freeze`."""
        self.process.send_signal(signal.SIGCONT)


class Group:
    """What both have in common: a folder, the nodes, and how a run ends."""

    def __init__(self, run: int) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="doorward-ha-"))
        self._run = run
        self.nodes: list[Node] = []

    def add(self, settings: str, *, sentinel: bool = False) -> Node:
        """Start one more."""
        node = Node(self.folder, settings, sentinel=sentinel)
        watch(self._run, node.folder, "pid", "-KILL")
        self.nodes.append(node)
        return node

    def close(self) -> None:
        """Kill all."""
        for node in self.nodes:
            node.client.close()
            with contextlib.suppress(ProcessLookupError):
                node.kill()
        shutil.rmtree(self.folder, ignore_errors=True)


class Sentinels(Group):
    """A master, two replicas and three Sentinels: one of each on every of three machines."""

    service = "doorward"

    def __init__(self, run: int) -> None:
        super().__init__(run)
        plain = 'save ""\nappendonly no\nrepl-diskless-sync-delay 0\nrepl-ping-replica-period 1\n'
        first = self.add(plain)
        self.servers = [first, *(self.add(f"{plain}replicaof 127.0.0.1 {first.port}\n") for _ in range(2))]
        self.sentinels = [self.add(self._watching(first), sentinel=True) for _ in range(3)]
        eventually(lambda: all(map(self._is_complete, self.sentinels)))

    def _watching(self, master: Node) -> str:
        about = (
            f"monitor {self.service} 127.0.0.1 {master.port} 2", f"down-after-milliseconds {self.service} {NOTICED_MS}",
            f"failover-timeout {self.service} 5000",
        )  # fmt: skip
        return "".join(f"sentinel {line}\n" for line in about)

    def _is_complete(self, sentinel: Node) -> bool:
        said = dict(sentinel.client.sentinel_master(self.service))
        return (said["num-slaves"], said["num-other-sentinels"], said["is_master"]) == (2, 2, True)

    @property
    def url(self) -> str:
        hosts = ",".join(f"127.0.0.1:{one.port}" for one in self.sentinels)
        return f"redis+sentinel://{hosts}/{self.service}/0"

    def master(self) -> Node:
        """The one that takes writes."""
        _, port = self._alive().client.sentinel_get_master_addr_by_name(self.service)
        return next(one for one in self.servers if one.port == int(port))

    def _alive(self) -> Node:
        return next(one for one in self.sentinels if one.process.poll() is None)

    def takes_writes(self) -> bool:
        """Whether one does, by the word of one that is up."""
        return any(_is_master(one) for one in self.servers)


class Cluster(Group):
    """Three masters, each with a replica; on three machines each would have a master and the replica of another one."""

    def __init__(self, run: int, masters: int = 3) -> None:
        super().__init__(run)
        settings = (
            f'save ""\nappendonly no\ncluster-enabled yes\ncluster-node-timeout {NOTICED_MS}\n'
            "repl-diskless-sync-delay 0\n"
        )
        self.servers = [self.add(f"{settings}cluster-port {find_free_port()}\n") for _ in range(2 * masters)]
        for number, node in enumerate(self.servers):
            node.client.execute_command("CLUSTER", "SET-CONFIG-EPOCH", number + 1)
        self._share(masters)
        eventually(lambda: all(_knows(node, len(self.servers)) for node in self.servers))
        ids = [node.client.execute_command("CLUSTER", "MYID") for node in self.servers]
        for number, node in enumerate(self.servers[masters:]):
            eventually(lambda node=node, number=number: _follows(node, ids[number]))  # type: ignore[misc]
        eventually(self.is_whole)

    def _share(self, masters: int) -> None:
        first = self.servers[0]
        ports = {one: _bus(one) for one in self.servers}
        for number, node in enumerate(self.servers[:masters]):
            begin, end = 16384 * number // masters, 16384 * (number + 1) // masters - 1
            node.client.execute_command("CLUSTER", "ADDSLOTSRANGE", begin, end)
        for node in self.servers[1:]:
            node.client.execute_command("CLUSTER", "MEET", "127.0.0.1", first.port, ports[first])

    @property
    def url(self) -> str:
        return "redis+cluster://" + ",".join(f"127.0.0.1:{one.port}" for one in self.servers)

    def master(self) -> Node:
        """One of those that take writes."""
        return next(one for one in self.servers if _is_master(one))

    def is_whole(self) -> bool:
        """Whether each slot has a master that is up, and that has its replica."""
        alive = [one for one in self.servers if one.process.poll() is None]
        if not all(one.client.cluster("INFO")["cluster_state"] == "ok" for one in alive):
            return False
        return all(_has_replicas(one) for one in alive if _is_master(one)) or len(alive) < len(self.servers)


def eventually(holds: Callable[[], bool]) -> None:
    """Wait until something holds. Errors: `AssertionError`, when it does not for long."""
    deadline = time.monotonic() + PATIENCE
    while True:
        with contextlib.suppress(redis.RedisError):
            if holds():
                return
        assert time.monotonic() < deadline
        time.sleep(0.02)


def _is_master(node: Node) -> bool:
    if node.process.poll() is not None:
        return False
    return bool(node.client.info("replication")["role"] == "master")


def _has_replicas(node: Node) -> bool:
    return int(node.client.info("replication")["connected_slaves"]) > 0


def _knows(node: Node, many: int) -> bool:
    said = node.client.cluster("INFO")
    return int(said["cluster_known_nodes"]) == many and said["cluster_state"] == "ok"


def _follows(node: Node, master: str) -> bool:
    return bool(node.client.execute_command("CLUSTER", "REPLICATE", master))


def _bus(node: Node) -> int:
    text = (node.folder / "redis.conf").read_text()
    return int(text.rpartition("cluster-port ")[2].split()[0])
