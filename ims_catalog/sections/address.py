"""Addresses of services: what may stand where one is expected."""

import re
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator

from ims_catalog.sections.section import distinct

LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})


def crosses_plainly(address: str) -> bool:
    """Tell whether what is sent there leaves this machine by plain http."""
    parts = urlsplit(address.replace("{region}", "region"))
    return parts.scheme == "http" and parts.hostname not in LOOPBACK


def _address(value: str) -> str:
    """Refuse what is no plain address of a host; `{region}` stands for a region."""
    try:
        parts = urlsplit(value.replace("{region}", "region"))
        usable = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if not usable or _NOT_IN_ADDRESSES.search(value):
        raise ValueError('an address such as "https://ims.{region}.example.com" is expected')
    return value


def _hosts(value: str | tuple[str, ...]) -> str | tuple[str, ...]:
    """Refuse what is no plain address of an OpenSearch host, or a list of none."""
    given = (value,) if isinstance(value, str) else distinct(value)
    for one in given:
        try:
            _address(one)
        except ValueError:
            usable = False
        else:
            usable = "{" not in one
        if not usable:
            raise ValueError(
                'addresses such as "https://search.example.com:9200" are expected; user and password have'
                " settings of their own"
            )
    if not given:
        raise ValueError("at least one address is needed")
    return value


_NOT_IN_ADDRESSES = re.compile(r"[\s\\?#@]")
Endpoint = Annotated[str, AfterValidator(_address)]
Hosts = Annotated[str | tuple[str, ...], AfterValidator(_hosts)]
