"""The folder of one node: its configuration, data, logs and temporary files."""

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.opensearch.account import Account

Setting = str | int | float | bool | Sequence[str]

DEFAULTS: Mapping[str, Setting] = {
    "cluster.name": "ims-catalog-tests",
    "node.name": "one",
    "network.host": "127.0.0.1",
    "http.port": 0,
    "transport.port": 0,
    "node.portsfile": True,
    "discovery.type": "single-node",
    "action.auto_create_index": False,
    "cluster.routing.allocation.disk.threshold_enabled": False,
    "cluster.max_shards_per_node": 100_000,
}
"""Port 0 lets the system choose, and `node.portsfile` tells what it chose: no port is guessed."""

LOGGING = """\
status = error
appender.console.type = Console
appender.console.name = console
appender.console.layout.type = PatternLayout
appender.console.layout.pattern = %d{ISO8601} %-5p %c{1.} %m%n
rootLogger.level = info
rootLogger.appenderRef.console.ref = console
"""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a node lives. Everything below `folder` is the node's own."""

    folder: Path

    @property
    def configuration(self) -> Path:
        return self.folder / "config"

    @property
    def data(self) -> Path:
        return self.folder / "data"

    @property
    def logs(self) -> Path:
        return self.folder / "logs"

    @property
    def temporary(self) -> Path:
        return self.folder / "tmp"

    @property
    def log(self) -> Path:
        """What the node writes while it runs."""
        return self.folder / "node.log"

    @property
    def ports(self) -> Path:
        """Written by the node as soon as it listens: an address and port a line."""
        return self.logs / "http.ports"

    @property
    def transport_ports(self) -> Path:
        """Where other nodes reach it, written as `ports` is."""
        return self.logs / "transport.ports"

    @property
    def neighbours(self) -> Path:
        """Where a node that is told to looks for others: an address and port a line."""
        return self.configuration / "unicast_hosts.txt"

    @property
    def ended(self) -> Path:
        """Written when the node's process is gone: its exit code."""
        return self.folder / "ended"

    @property
    def keeper(self) -> Path:
        """Written before that: the process that keeps it."""
        return self.folder / "keeper"

    @property
    def pid(self) -> Path:
        """Written when the node's process was started."""
        return self.folder / "pid"


def furnish(folder: Path, settings: Mapping[str, Setting], account: Account | None) -> Place:
    """Make a node's folder with `settings` over the defaults. What a node before it has stored there stays;
    what tells of its process goes.
    """
    place = Place(folder)
    for part in (folder, place.configuration, place.data, place.logs, place.temporary):
        part.mkdir(exist_ok=True)
    for told in (place.ports, place.transport_ports, place.pid, place.keeper, place.ended):
        told.unlink(missing_ok=True)
    chosen = {
        **DEFAULTS,
        "path.data": str(place.data),
        "path.logs": str(place.logs),
        **settings,
    }
    lines = (f"{name}: {json.dumps(value)}\n" for name, value in chosen.items())
    (place.configuration / "opensearch.yml").write_text("".join(lines))
    (place.configuration / "log4j2.properties").write_text(LOGGING)
    if account:
        for path in (folder, *folder.rglob("*")):
            os.chown(path, account.uid, account.gid)
    return place
