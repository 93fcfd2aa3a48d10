"""`Vocabulary`: the values and words that a question may use, of one generation."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache

from mappings.field import Exposure, Kind
from mappings.fields import FIELDS
from mappings.filter import Condition, Operator
from mappings.platform import PRODUCTS
from mappings.text import platform_key
from search_api.question.lex import folded
from search_api.question.meaning import Meaning, Names, Orders, Says
from search_api.question.spelling import Nearby, nearby
from search_api.question.words import LANGUAGES, phrase_key, phrases, phrases_of

SPOKEN = ("platform", "region", "cloud", "gpu_types", "disk_format")
"""Fields whose values are words of the sentence. Values of others count only behind the field's name."""

_TOO_COMMON = frozenset({"Other", "ami", "ari", "aki"})


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """What is known.

    `values` holds the values of keyword fields by field name and by key (`platform_key` of each of their
    spellings), `phrases` the meanings of phrases by key, `beginnings` all keys that phrases begin with, and
    `nearby` the words that a typo may have meant.
    """

    values: Mapping[str, Mapping[str, str]]
    phrases: Mapping[str, tuple[Meaning, ...]]
    beginnings: frozenset[str]
    words: frozenset[str]
    nearby: Nearby

    def known(self, field: str) -> tuple[str, ...]:
        """The values known of a field, each once, in order."""
        return tuple(dict.fromkeys(self.values.get(field, {}).values()))


def vocabulary(served_values: Mapping[str, Iterable[str]]) -> Vocabulary:
    """Join what is documented, the words of people, and what public documents hold.

    `served_values` maps field names to the values of public documents only: no reading and no suggestion may
    tell of another tenant's.
    """
    known = {name: dict(values) for name, values in _known_values().items()}
    spoken, correctable = dict(_spoken_phrases()[0]), list(_spoken_phrases()[1])
    for name, served in served_values.items():
        values = known.setdefault(name, {})
        for value in served:
            values.setdefault(platform_key(value), value)
            key = phrase_key(value) if name in SPOKEN else ""
            if len(key) > 2 and not key.isdigit() and value not in _TOO_COMMON and key not in spoken:
                spoken[key] = (_is(name, value),)
                correctable.extend(folded(value).split())
    words = _known_words().union(spoken, correctable)
    beginnings = frozenset(phrase[:length] for phrase in spoken for length in range(1, len(phrase) + 1))
    return Vocabulary(known, spoken, beginnings, words, nearby(correctable))


@lru_cache(maxsize=1)
def _known_values() -> Mapping[str, Mapping[str, str]]:
    """Values by field and key: the documented ones, and each single value that a word of people means."""
    values: dict[str, dict[str, str]] = {field.name: {} for field in FIELDS if field.kind is Kind.KEYWORD}
    for field in FIELDS:
        for documented in field.values if field.name in values else ():
            values[field.name].setdefault(platform_key(documented.value), documented.value)
    for text, value in _platform_texts():
        values["platform"].setdefault(platform_key(text), value)
    for phrase, meaning in phrases():
        match meaning:
            case Says(Condition(name, Operator.IN, (str(value),)), "") if name in values:
                values[name].setdefault(platform_key(phrase), value)
            case _:
                pass
    return values


@lru_cache(maxsize=1)
def _spoken_phrases() -> tuple[Mapping[str, tuple[Meaning, ...]], tuple[str, ...]]:
    """Meanings by key, and the words that may be meant by a misspelt one."""
    spoken: dict[str, list[Meaning]] = {}
    correctable = ["image", "images"]
    for phrase, meaning in (*phrases(), *_documented_phrases(), *_written_names()):
        meanings = spoken.setdefault(phrase_key(phrase), [])
        if meaning not in meanings and not (
            isinstance(meaning, Says) and any(isinstance(m, Says) for m in meanings)
        ):
            meanings.append(meaning)
    for phrase, meaning in (*phrases_of(LANGUAGES[0]), *_documented_phrases()):
        if isinstance(meaning, Says | Names | Orders):
            correctable.extend(folded(phrase).replace("-", " ").split())
    return {key: tuple(meanings) for key, meanings in spoken.items()}, tuple(dict.fromkeys(correctable))


@lru_cache(maxsize=1)
def _known_words() -> frozenset[str]:
    """All single words of the lists, of every language: none of them is a typo."""
    return frozenset(word for phrase, _ in phrases() for word in folded(phrase).replace("-", " ").split())


def _documented_phrases() -> Iterable[tuple[str, Meaning]]:
    for text, value in _platform_texts():
        if value not in _TOO_COMMON:
            yield text, _is("platform", value)
    for field in FIELDS:
        if field.name in SPOKEN and field.name != "platform":
            for documented in field.values:
                yield documented.value, _is(field.name, documented.value)


def _written_names() -> Iterable[tuple[str, Names]]:
    """Names of fields as they are written in terms; those without `_` are words of people, or none."""
    for field in FIELDS:
        if field.filterable and field.kind is not Kind.MAP and field.exposure is not Exposure.INTERNAL:
            for name in (field.name, *field.wire_names, *field.aliases):
                if "_" in name:
                    yield name, Names(field.name)


def _platform_texts() -> Iterable[tuple[str, str]]:
    return [(text, product.name) for product in PRODUCTS for text in (product.name, *product.aliases)]


def _is(field: str, value: str) -> Says:
    return Says(Condition(field, Operator.IN, (value,)))
