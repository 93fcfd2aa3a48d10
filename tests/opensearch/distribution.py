"""OpenSearch 3.8.0 as its distribution on Maven Central has it, and the command that runs it."""

from dataclasses import dataclass
from pathlib import Path
from zipfile import ZipFile

from tests.opensearch.account import Account
from tests.opensearch.cache import made_once
from tests.opensearch.java import Java, find_java
from tests.opensearch.maven import Artifact, fetch
from tests.opensearch.place import Place
from tests.opensearch.server import Launch

SERVER = Artifact(
    "org.opensearch.distribution.integ-test-zip:opensearch:zip:3.8.0",
    "196c3cf4602c394f2e40e6174ccbf2a924eae37246f08fa6bbb6b75f9fd5ff1f",
)
LOCALES = (
    Artifact("com.ibm.icu:icu4j:77.1", "b3640b9f416a4411fd33c59abbeea8fd57d024c23e1819bf9673220a97499fe3"),
    Artifact(
        "com.ibm.icu:icu4j-localespi:77.1", "77d0da4f10c6158174cc3dafbb51356031a09e0fcaaf0432330afb4fb552cac9"
    ),
)
"""The languages that a trimmed Java lacks: without Thai not one index can be created."""

OLDEST_JAVA = 21


@dataclass(frozen=True, slots=True)
class Distribution:
    """The unpacked server, the same folder for every node (none writes there), and what else it needs."""

    home: Path
    java: Java
    locales: tuple[Path, ...]

    def launch(self, place: Place, heap: str) -> Launch:
        """As bin/opensearch does it; in the server folder, since the agent's path is relative."""
        command = [
            str(self.java.executable),
            *_options(self.java, heap),
            f"-Djava.io.tmpdir={place.temporary}",
            f"-Djna.tmpdir={place.temporary}",
            f"-Dopensearch.path.home={self.home}",
            f"-Dopensearch.path.conf={place.configuration}",
            "-cp",
            ":".join(["lib/*", *map(str, self.locales)]),
            "org.opensearch.bootstrap.OpenSearch",
        ]
        return Launch(tuple(command), self.home)


def distribution(account: Account | None, cache: Path) -> Distribution:
    """Find a Java that the account may run, and fetch and unpack what is not in the cache yet."""
    java = find_java(OLDEST_JAVA, account, cache)
    home = made_once(
        cache / f"opensearch-3.8.0-{SERVER.sha256[:8]}", lambda half: unpack(fetch(SERVER, cache), half)
    )
    locales = tuple(fetch(artifact, cache) for artifact in LOCALES) if java.trimmed else ()
    return Distribution(home, java, locales)


def unpack(archive: Path, folder: Path) -> None:
    """Unpack a zip less the one folder that holds all of it, and remove the zip in any case."""
    try:
        with ZipFile(archive) as content:
            for member in content.infolist():
                _, _, member.filename = member.filename.partition("/")
                if member.filename:
                    content.extract(member, folder)
    finally:
        archive.unlink()


def _options(java: Java, heap: str) -> list[str]:
    """As in the distribution's jvm.options, less its log and dump files."""
    options = [
        f"-Xms{heap}",
        f"-Xmx{heap}",
        "-XX:+UseG1GC",
        "-XX:G1ReservePercent=25",
        "-XX:InitiatingHeapOccupancyPercent=30",
        "-XX:-UsePerfData",
        "-javaagent:agent/opensearch-agent.jar",
        "--add-opens=java.base/java.nio=ALL-UNNAMED",
        "--enable-native-access=ALL-UNNAMED",
        "-Dio.netty.noUnsafe=true",
        "-Dorg.apache.lucene.store.MMapDirectory.sharedArenaMaxPermits=1",
        "-Dlog4j2.disable.jmx=true",
        "-Dlog4j.shutdownHookEnabled=false",
    ]
    if java.major >= 25:
        options.append("-XX:+UseCompactObjectHeaders")
    if java.trimmed:
        return [*options, "-Djava.locale.providers=SPI,CLDR"]
    return [*options, "--add-modules=jdk.incubator.vector"]
