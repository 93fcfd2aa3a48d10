"""Versions of operating systems: read from text, compared by component.

A version is dotted text such as `22.04`, `12.3` (12 SP3) or `2012R2`. Components compare as integers, then by
suffix: 2.9 < 2.10, 2012 < 2012R2 < 2016; `04` equals `4`; missing components count as zero, so that 7 = 7.0.
"""

import re
import unicodedata
from functools import lru_cache
from itertools import product

from mappings.filter import Operator

Component = tuple[int, str]
"""Number and suffix: `2012R2` is (2012, "R2")."""

_DIGITS = 9
_COMPONENTS = 6
_NUMBER = rf"[0-9]{{1,{_DIGITS}}}(?:\.[0-9]{{1,{_DIGITS}}}){{0,{_COMPONENTS - 1}}}(?![0-9])"
# A number stands alone, behind a "v", or glued to a name of three letters and more (CentOS7.6, but not x86).
_FIRST_NUMBER = re.compile(rf"(?:(?<![A-Za-z0-9._])|(?<=(?<![A-Za-z])[vV])|(?<=[A-Za-z]{{3}}))({_NUMBER})")
_NOT_VERSIONS = re.compile(
    r"\(?\b(?:32|64)[\s-]*(?:bits?\b|位)\)?|\bx86(?:[_-]64)?\b|\baarch64\b|\barm64\b|\bamd64\b|\bi[36]86\b",
    re.IGNORECASE,
)
_RELEASE = re.compile(r"\s*R([0-9])\b", re.IGNORECASE)
_RELEASE_LATER = re.compile(r"\bR([0-9])\b", re.IGNORECASE)
_SERVICE_PACK = re.compile(r"(?:\b|_)SP\s*([0-9]{1,3})\b", re.IGNORECASE)
_UPDATE = re.compile(r"\s*(?:U|Update)\s*([0-9]{1,3})\b", re.IGNORECASE)
_ASKED = re.compile(
    rf"v?({_NUMBER})(?:\s*-?\s*(R[0-9]))?(?:(?:[\s.]*|\s*[-_]\s*)(?:SP|U|Update)\s*([0-9]{{1,3}}))?"
    rf"((?:\.[0-9]{{1,{_DIGITS}}}){{0,{_COMPONENTS}}})",
    re.IGNORECASE,
)


@lru_cache(maxsize=16384)
def version_of(platform: str | None, os_version: str) -> str | None:
    """Read the version out of an OS version: the first number behind the words, never the bits.

    `SPn` and `Un` are one more component (12 SP3 = 12.3), `R2` a suffix, which Windows may write further
    behind (2012 Essentials R2 = 2012R2). None where no number is told.
    """
    text = _NOT_VERSIONS.sub(" ", unicodedata.normalize("NFKC", os_version))
    found = _FIRST_NUMBER.search(text)
    if found is None:
        return None
    rest = text[found.end() :]
    release = _RELEASE_LATER.search(rest) if platform == "Windows" else _RELEASE.match(rest)
    pack = _SERVICE_PACK.search(rest) or _UPDATE.match(rest)
    return _written(found[1], f"R{release[1]}" if release else "", pack[1] if pack else None)


def canonical_version(text: str) -> str:
    """Write a version that somebody names in the one form: `12 sp3` or `12-SP3` is 12.3, `2012 r2` is 2012R2.

    Raises ValueError for what is no version.
    """
    return _short_canonical(text) if len(text) <= _SHORT else _canonical(text)


_SHORT = 64
"""Characters of a version that is remembered: people may name versions of any length."""


@lru_cache(maxsize=16384)
def _short_canonical(text: str) -> str:
    return _canonical(text)


def _canonical(text: str) -> str:
    found = _ASKED.fullmatch(unicodedata.normalize("NFKC", text).strip())
    if found is None:
        raise ValueError(f"not a version: {text[:80]!r}")
    number, release, pack, further = found.groups()
    return ".".join(
        (_written(number, (release or "").upper(), pack), *map(_component, further.split(".")[1:]))
    )


def components(text: str) -> tuple[Component, ...]:
    """Split into numbers and suffixes. Raises ValueError for what is no version."""
    return _components(canonical_version(text))


def prefixes(version: str) -> tuple[str, ...]:
    """Give all beginnings on components, the shortest first: 7.9 gives 7 and 7.9."""
    parts = canonical_version(version).split(".")
    return tuple(".".join(parts[:length]) for length in range(1, len(parts) + 1))


def spellings(version: str) -> tuple[str, ...]:
    """Give all versions whose components are equal to these, as written: 22.4 gives 22.4 and 22.04."""
    first, *rest = canonical_version(version).split(".")
    return tuple(".".join((first, *parts)) for parts in product(*map(_spelled, rest)))


def sort_key(version: str) -> str:
    """Give text whose order by code points is the order of versions; equal versions have equal keys."""
    return _short_sort_key(version) if len(version) <= _SHORT else _sort_key(version)


@lru_cache(maxsize=16384)
def _short_sort_key(version: str) -> str:
    return _sort_key(version)


def _sort_key(version: str) -> str:
    parts = list(components(version))
    while len(parts) > 1 and parts[-1] == _ZERO:
        parts.pop()
    return _key(parts)


def bounds(operator: Operator, version: str) -> tuple[str | None, str | None]:
    """Give the half-open range of sort keys, None for open ends, that a comparison takes in.

    A version is cut to the length of the one it is compared with: 7.9 is not greater than 7, and 7.9 is at
    most 7. Raises ValueError for an operator that is not lt, lte, gt or gte.
    """
    # "/" follows ".", so that this stands behind every longer version and before the next suffix.
    behind = _key(components(version)) + "/"
    match operator:
        case Operator.LT:
            return None, sort_key(version)
        case Operator.LTE:
            return None, behind
        case Operator.GT:
            return behind, None
        case Operator.GTE:
            return sort_key(version), None
        case _:
            raise ValueError(f"not a comparison of order: {operator}")


_ZERO: Component = (0, "")


def _written(number: str, release: str, pack: str | None) -> str:
    first, *rest = number.split(".")
    parts = [str(int(first)), *map(_component, rest)]
    parts[-1] += release
    if pack is not None:
        parts.append(_component(pack))
    return ".".join(parts)


def _component(digits: str) -> str:
    """Keep at most one leading zero (22.04), so that `spellings` knows them all."""
    value = int(digits)
    return f"{value:02}" if digits.startswith("0") and 0 < value < 10 else str(value)


def _components(canonical: str) -> tuple[Component, ...]:
    parts = (part.partition("R") for part in canonical.split("."))
    return tuple((int(number), mark + release) for number, mark, release in parts)


def _spelled(component: str) -> tuple[str, ...]:
    if component.isdigit() and 0 < int(component) < 10:
        return component, (component[1:] if component.startswith("0") else f"0{component}")
    return (component,)


def _key(parts: list[Component] | tuple[Component, ...]) -> str:
    """Each number behind a letter that tells its length, then its suffix."""
    return ".".join(f"{chr(ord('a') + len(str(number)))}{number}{suffix}" for number, suffix in parts)
