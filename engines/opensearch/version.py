"""`check_version`: is what answers an OpenSearch that this engine works on?"""

import re
from typing import Final

from engines.base import EngineUnavailable
from engines.opensearch.client import Client, Refused
from engines.opensearch.reply import part

OLDEST: Final = (2, 19)
NEWEST_MAJOR: Final = 3
"""2.19 and 3.x are what the engine is tested on."""


async def check_version(client: Client) -> str:
    """Give the version of the cluster, such as "3.8.0".

    Raises EngineUnavailable that names what was found, what is needed and what is missing, for Elasticsearch,
    for an OpenSearch of another version and for what is neither.
    """
    try:
        reply = await client.request("GET", "/")
    except Refused as error:
        raise EngineUnavailable(
            f"{_where(client)} is no OpenSearch: it answers GET / with HTTP {error.status}. An address is"
            f" scheme, host and port, and a path only where a proxy has one; {_NEEDED}"
        ) from None
    number = part(reply, "version", "number")
    if not isinstance(number, str) or (found := _NUMBER.match(number)) is None:
        raise EngineUnavailable(f"{_where(client)} is no OpenSearch: it tells no version; {_NEEDED}")
    if part(reply, "version", "distribution") != "opensearch":
        raise EngineUnavailable(_no_opensearch(_where(client), number))
    version = (int(found[1]), int(found[2]))
    if version < OLDEST:
        raise EngineUnavailable(
            f"{_where(client)} is OpenSearch {number}; {_NEEDED}. Whether an older one counts, sorts and"
            " publishes as the catalogue relies on is not known"
        )
    if version[0] > NEWEST_MAJOR:
        raise EngineUnavailable(
            f"{_where(client)} is OpenSearch {number}; {_NEEDED}. This ims-catalog is older than it"
        )
    return number


def _no_opensearch(where: str, number: str) -> str:
    return (
        f"{where} is no OpenSearch but Elasticsearch {number}, or one that pretends to be; {_NEEDED}."
        ' Missing is "distribution": "opensearch" in what it tells of itself; an OpenSearch leaves it out'
        " while compatibility.override_main_response_version is set"
    )


def _where(client: Client) -> str:
    return client.cluster.urls[0]


_NUMBER = re.compile(r"(\d{1,4})\.(\d{1,4})(?!\d)")
_NEEDED = "OpenSearch 2.19 or 3.x is needed"
