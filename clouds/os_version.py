"""The table of operating systems: how it is asked for, and what its tags tell.

Source: IMS API Reference, "Querying the OSs Supported" (ims_03_0610).
"""

from collections.abc import Iterable, Mapping

from clouds.payload import BadAnswer, Record, name_of, object_of, objects_of, read_json

OS_VERSIONS_PATH = "/v1/cloudimages/os_version"

OS_VERSION_TAGS = ("arm", "bms", "uefi", "x86")
"""Tags that the table can be asked for; not every region knows each."""


def os_version_parameters(tag: str | None) -> tuple[tuple[str, str], ...]:
    """Give the parameters that ask for the operating systems with a tag, or for all of them."""
    return () if tag is None else (("tag", tag),)


def parse_os_versions(body: bytes) -> tuple[Record, ...]:
    """Read the table of operating systems: the entries of all platforms' `version_list`, as they were sent.

    An entry has `platform`, `os_version`, `os_version_key`, `os_type` and `os_bit`: a number here, a string
    in images. `BadAnswer` for anything but an array of platforms.
    """
    platforms = read_json(body)
    if not isinstance(platforms, list):
        raise BadAnswer(f"a table of operating systems is an array, this is {name_of(platforms)}")
    return tuple(
        entry
        for platform in platforms
        for entry in objects_of(object_of(platform, "a platform"), "version_list", "a platform")
    )


def with_tags(table: Iterable[Record], by_tag: Mapping[str, Iterable[Record] | None]) -> tuple[Record, ...]:
    """Give every operating system once, by platform and version, with the `tags` it was told with.

    `by_tag` holds the table as it was told for each tag, None where that was refused. Such tags stand in
    `untold_tags`; all of them do if every tag gave the whole table: then the parameter was ignored. An entry
    that only a tag tells of is part of the table too.
    """
    entries = {_key(entry): entry for entry in table}
    told = {tag: {_key(one): one for one in found} for tag, found in by_tag.items() if found is not None}
    if told and all(found.keys() == entries.keys() for found in told.values()):
        told = {}
    untold = sorted(by_tag.keys() - told.keys())
    for found in told.values():
        entries = {**found, **entries}
    return tuple(
        {
            **entry,
            "tags": sorted(tag for tag, found in told.items() if key in found),
            **({"untold_tags": untold} if untold else {}),
        }
        for key, entry in sorted(entries.items())
    )


def _key(entry: Record) -> tuple[str, str]:
    return str(entry.get("platform")), str(entry.get("os_version"))
