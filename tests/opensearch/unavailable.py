"""No server can be had, and how to get one all the same."""

HOW = """\
A real OpenSearch is needed. There are three ways to one:
  OPENSEARCH_URL=http://127.0.0.1:9200   uses a server that runs already (2.19 or 3.x, without data you need)
  OPENSEARCH_JAVA_HOME=/path/to/java     starts one with this Java, 21 or newer
  python -m tests.opensearch             shows by itself what hinders one from starting"""


class Unavailable(Exception):
    """What went wrong, in plain words; its text ends with the ways to get a server."""

    def __init__(self, what: str) -> None:
        super().__init__(f"{what}\n\n{HOW}")
        self.what = what
