"""No Keystone and Glance can be had, and how to get them all the same."""

HOW = """\
A real Keystone and Glance are needed. They come from PyPI, into a virtual environment of their own that is
kept in the cache folder:
  PIP_INDEX_URL=https://...             installs them from this mirror of PyPI
  .venv/bin/python -m tests.openstack   shows by itself what hinders them from starting"""


class Missing(Exception):
    """What went wrong, in plain words; its text ends with the ways to get the servers."""

    def __init__(self, what: str) -> None:
        super().__init__(f"{what}\n\n{HOW}")
        self.what = what
