"""Several nodes that form one cluster on the loopback; each can be killed, and started again where it was."""

import os
import secrets
import signal
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from http.client import HTTPException
from pathlib import Path
from urllib.error import HTTPError
from urllib.parse import urlsplit

from tests.opensearch.direct import ask
from tests.opensearch.node import begin, hold, node_folder, remove, wait_until
from tests.opensearch.place import Place, Setting
from tests.opensearch.unavailable import Unavailable

RELEASE = "3.8"

PATIENCE = 300
"""Seconds for what takes 20 where the machine has nothing else to do."""


@contextmanager
def several(count: int, *, heap: str = "384m") -> Iterator["Nodes"]:
    """A cluster of so many nodes for the length of a `with`. Raises Unavailable if it does not form."""
    names = tuple(f"node-{number}" for number in range(1, count + 1))
    folders = {name: node_folder() for name in names}
    lifelines = [hold(folder) for folder in folders.values()]
    try:
        nodes = Nodes(folders, heap)
        nodes.start(names)
        yield nodes
    finally:
        for lifeline in lifelines:
            os.close(lifeline)
        for folder in folders.values():
            remove(folder)


@dataclass
class Nodes:
    """The nodes of one cluster, by name. Their addresses stay the same as long as it lives."""

    folders: Mapping[str, Path]
    heap: str
    name: str = field(default_factory=lambda: f"ims-catalog-tests-{secrets.token_hex(4)}")
    addresses: dict[str, str] = field(default_factory=dict)
    pids: dict[str, int] = field(default_factory=dict)
    """Those that were not killed."""

    @property
    def urls(self) -> tuple[str, ...]:
        """Where all nodes answer, or did."""
        return tuple(self.addresses.values())

    @property
    def url(self) -> str:
        """Where one answers that is alive."""
        return next(self.addresses[name] for name in self.pids)

    def start(self, names: Sequence[str]) -> None:
        """Start nodes and wait until they are in the cluster; the system chooses ports for new ones."""
        places = {name: begin(self.folders[name], self._settings(name), RELEASE, self.heap) for name in names}
        for place in places.values():
            wait_until(partial(_is_told, place), place, PATIENCE)
        all_of_them = [self._place(name) for name in self.folders]
        addresses = "".join(place.transport_ports.read_text() for place in all_of_them)
        for place in all_of_them:
            place.neighbours.write_text(addresses)
        alive = len(self.pids) + len(places)
        for name, place in places.items():
            node = wait_until(partial(_has, alive), place, PATIENCE)
            self.addresses[name], self.pids[name] = node.url, node.pid

    def kill(self, name: str) -> None:
        """End a node as `kill -9` does."""
        os.kill(self.pids.pop(name), signal.SIGKILL)

    def revive(self) -> None:
        """Start all nodes again that were killed, where they were and on what they had stored."""
        deadline = time.monotonic() + PATIENCE
        while dead := [name for name in self.folders if name not in self.pids]:
            for name in dead:
                self._forget(name)
            try:
                self.start(dead)
            except Unavailable as error:
                # Some connection of another process has taken the port meanwhile.
                if "Failed to bind" not in error.what or time.monotonic() > deadline:
                    raise

    def _forget(self, name: str) -> None:
        """End the keeper of a node that is gone: it would remove the folder in the end."""
        place = self._place(name)
        _until(place.ended.exists, f"{name} was not ended")
        os.kill(int(place.keeper.read_text()), signal.SIGKILL)

    def settle(self, status: str = "green") -> None:
        """Wait until every shard is where it should be."""
        _until(partial(self._is, status), f"the cluster did not become {status}")

    def holder(self, index: str) -> str:
        """A node that has the first of all copies of a shard of an index."""
        state = ask(f"{self.url}/_cluster/state/routing_table,nodes/{index}", timeout=PATIENCE)
        table = state["routing_table"]
        assert isinstance(table, dict)
        copies = table["indices"][index]["shards"]["0"]
        return _name(state, next(copy["node"] for copy in copies if copy["primary"]))

    def _place(self, name: str) -> Place:
        return Place(self.folders[name] / "node")

    def _settings(self, name: str) -> Mapping[str, Setting]:
        return {
            "cluster.name": self.name,
            "node.name": name,
            "http.port": urlsplit(self.addresses[name]).port or 0 if name in self.addresses else 0,
            "discovery.type": "zen",
            "discovery.seed_hosts": [],
            "discovery.seed_providers": ["file"],
            # Ports are told only by nodes that do not wait for others first.
            "discovery.initial_state_timeout": "0s",
            "cluster.initial_cluster_manager_nodes": list(self.folders),
        }

    def _is(self, status: str) -> bool:
        path = f"_cluster/health?wait_for_status={status}&wait_for_no_relocating_shards=true&timeout=5s"
        return _answered(f"{self.url}/{path}") is not None


def _is_told(place: Place, _: str) -> bool:
    return place.transport_ports.exists()


def _has(count: int, url: str) -> bool:
    return _answered(f"{url}/_cluster/health?wait_for_nodes={count}&timeout=5s") is not None


def _answered(url: str) -> Mapping[str, object] | None:
    """What is answered, None where there is no answer that is a success."""
    try:
        return ask(url, timeout=PATIENCE)
    except HTTPError as refusal:
        refusal.close()
    except (OSError, HTTPException):
        pass
    return None


def _until(reached: Callable[[], bool], otherwise: str) -> None:
    deadline = time.monotonic() + PATIENCE
    while not reached():
        if time.monotonic() > deadline:
            raise Unavailable(f"{otherwise} within {PATIENCE} s")
        time.sleep(0.1)


def _name(state: Mapping[str, object], node: object) -> str:
    nodes = state["nodes"]
    assert isinstance(nodes, dict)
    return str(nodes[node]["name"])
