"""No server can be had, and how to get one all the same."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from zipfile import BadZipFile

HOW = """\
A real OpenSearch is needed. There are four ways to one:
  OPENSEARCH_URL=http://127.0.0.1:9200   uses a server that runs already (2.19 or 3.x, without data you need)
  OPENSEARCH_JAVA_HOME=/path/to/java     starts one with this Java: 21 or newer, for 2.19 17 or newer
  MAVEN_REPOSITORY_URL=https://...       fetches one from this mirror of Maven Central
  .venv/bin/python -m tests.opensearch   shows by itself what hinders one from starting"""


class Unavailable(Exception):
    """What went wrong, in plain words; its text ends with the ways to get a server."""

    def __init__(self, what: str) -> None:
        super().__init__(f"{what}\n\n{HOW}")
        self.what = what


@contextmanager
def in_plain_words(what: str) -> Iterator[None]:
    """Raise Unavailable that begins with `what` where the system refuses a thing or an archive is spoilt."""
    try:
        yield
    except (OSError, BadZipFile) as error:
        raise Unavailable(f"{what}: {_cause(error)}") from error


def _cause(error: OSError | BadZipFile) -> str:
    if isinstance(error, shutil.Error) and isinstance(error.args[0], list) and error.args[0]:
        # A copied folder names every file that failed, with the reason last.
        return str(error.args[0][0][-1])
    if isinstance(error, OSError) and error.strerror:
        return f"{error.strerror}: {error.filename}" if error.filename else error.strerror
    return str(error)
