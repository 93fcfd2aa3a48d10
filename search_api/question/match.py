"""`match`: pieces become items: the longest known phrases, with all they may mean, and what has a shape."""

from dataclasses import dataclass, replace
from typing import TypeVar

from search_api.clause import Span
from search_api.question.lex import Piece, Shape, glue, joined
from search_api.question.meaning import Compares, Meaning, Role
from search_api.question.spelling import corrected
from search_api.vocabulary import Vocabulary

_T = TypeVar("_T")

LONGEST = 10
"""Pieces of a phrase at most."""


@dataclass(frozen=True, slots=True)
class Number:
    """Digits, with points: `22.04`, `7.x`."""

    text: str
    glued: bool = False
    """It touches the letters before it: `ubuntu2204`."""


@dataclass(frozen=True, slots=True)
class Word:
    """What is no known phrase."""

    text: str


@dataclass(frozen=True, slots=True)
class Shaped:
    """What is known by its look: a quoted text, a term, a date, an id, a sign."""

    shape: Shape
    text: str


@dataclass(frozen=True, slots=True)
class Item:
    """Words that belong together, and what they may mean."""

    means: tuple[Meaning | Number | Word | Shaped, ...]
    span: Span
    text: str
    corrected_to: str | None = None

    def has(self, kind: type) -> bool:
        """Whether it has a meaning of a kind."""
        return any(isinstance(meaning, kind) for meaning in self.means)

    def get(self, kind: type[_T]) -> _T | None:
        """The meaning of a kind, if it has one."""
        for meaning in self.means:
            if isinstance(meaning, kind):
                return meaning
        return None

    @property
    def plain(self) -> bool:
        """Whether it can be nothing but filler or an unknown word."""
        only = self.means[0]
        return len(self.means) == 1 and (only is Role.FILLER or only.__class__ is Word)

    @property
    def quoted(self) -> bool:
        """Whether it is a text in quotes."""
        return self.is_shape(Shape.QUOTED)

    def is_role(self, *roles: Role) -> bool:
        """Whether it may play one of these roles."""
        return any(meaning.__class__ is Role and meaning in roles for meaning in self.means)

    def is_shape(self, *shapes: Shape) -> bool:
        """Whether it looks like one of these."""
        return any(isinstance(meaning, Shaped) and meaning.shape in shapes for meaning in self.means)


def match(text: str, pieces: list[Piece], vocabulary: Vocabulary) -> list[Item]:
    """Find the longest known phrases from left to right.

    A word that is cut at its seams (`centos7.9-x64`) is read so only if all its parts are known and one of
    them says something; else it is one word of text.
    """
    items: list[Item] = []
    fixed = [_fixed(pieces, index, vocabulary) for index in range(len(pieces))]
    index = 0
    while index < len(fixed):
        taken, index = _word(text, fixed, pieces, index, vocabulary)
        for item in taken:
            last = items[-1] if items else None
            if (
                last
                and item.has(Word)
                and last.is_role(Role.FILLER)
                and len(items) > 1
                and _inside(text, items, item)
            ):
                last = items.pop()
                items[-1] = replace(
                    items[-1], span=(items[-1].span[0], last.span[1]), text=items[-1].text + last.text
                )
                last = items[-1]
            if last and item.has(Word) and last.has(Word) and _touches(text, last, item):
                joint = text[last.span[0] : item.span[1]]
                items[-1] = Item((Word(joint),), (last.span[0], item.span[1]), joint)
            else:
                items.append(item)
    return items


_TELLING = (Role.BITS, Role.UNUSED, Role.PACK, Role.RELEASE, Role.NOT_ONE)
_THAN = ("than", "als", "que", "de")
_PLAIN = (Shape.LETTERS, Shape.NUMBER, Shape.IDEOGRAPH, Shape.SYMBOL)


def _fixed(pieces: list[Piece], index: int, vocabulary: Vocabulary) -> Piece:
    """Correct the typo of a piece that is a whole word of letters and not known."""
    piece = pieces[index]
    if piece.shape is not Shape.LETTERS or piece.key in vocabulary.words:
        return piece
    alone = (index == 0 or pieces[index - 1].word != piece.word) and (
        index + 1 == len(pieces) or pieces[index + 1].word != piece.word
    )
    better = corrected(piece.key, vocabulary.nearby) if alone else None
    return replace(piece, key=better) if better else piece


def _word(
    text: str, pieces: list[Piece], original: list[Piece], index: int, vocabulary: Vocabulary
) -> tuple[list[Item], int]:
    """Read the word at `index`, all its pieces; give its items, and where the next begins."""
    piece = pieces[index]
    if piece.shape not in _PLAIN and piece.shape is not Shape.OPAQUE:
        return [Item((Shaped(piece.shape, piece.key),), piece.span, text[slice(*piece.span)])], index + 1
    items: list[Item] = []
    at = index
    end = index
    while end < len(pieces) and pieces[end].word == piece.word:
        end += 1
    while at < end:
        found = _phrase(text, pieces, original, at, vocabulary)
        if found is None:
            return [_text(text, pieces, index)], end
        item, after = found
        if at > index and pieces[at].gap == "-" and item.has(Number) and items and items[-1].has(Number):
            items.append(Item((Role.TO,), (item.span[0] - 1, item.span[0]), "-"))
        items.append(item)
        at = after
    if len(items) > 1 and not any(_says_something(item) for item in items):
        return [_text(text, pieces, index)], end
    return items, at


def _phrase(
    text: str, pieces: list[Piece], original: list[Piece], at: int, vocabulary: Vocabulary
) -> tuple[Item, int] | None:
    """Find the longest phrase that begins at a piece, else its number or sign; None if it is not known."""
    piece = pieces[at]
    best = 0
    key = piece.key
    for length in range(1, min(LONGEST, len(pieces) - at) + 1):
        if length > 1:
            following = pieces[at + length - 1]
            if following.shape not in _PLAIN:
                break
            key = glue(key, following)
        if key not in vocabulary.beginnings:
            break
        if key in vocabulary.phrases and _ends_well(pieces, at + length, vocabulary.phrases[key]):
            best = length
    if best:
        span = (piece.span[0], pieces[at + best - 1].span[1])
        meanings = vocabulary.phrases[joined(pieces, at, at + best)]
        changed = any(pieces[i].key != original[i].key for i in range(at, at + best))
        shown = " ".join(pieces[i].key for i in range(at, at + best)) if changed else None
        return Item(meanings, span, text[slice(*span)], shown), at + best
    return _unknown(text, pieces, at)


def _unknown(text: str, pieces: list[Piece], at: int) -> tuple[Item, int] | None:
    """Read what is no phrase: a number, with a `v` before it or not, a sign, a character."""
    piece = pieces[at]
    digits = pieces[at + 1] if piece.key == "v" and at + 1 < len(pieces) else piece
    if digits is not piece and digits.shape is Shape.NUMBER and not digits.gap:
        span = (piece.span[0], digits.span[1])
        return Item((Number(digits.key, glued=True),), span, text[slice(*span)]), at + 2
    if piece.shape is Shape.NUMBER:
        glued = piece.gap == "" and at > 0 and pieces[at - 1].word == piece.word
        return Item((Number(piece.key, glued),), piece.span, text[slice(*piece.span)]), at + 1
    if piece.shape is Shape.IDEOGRAPH or (piece.shape is Shape.SYMBOL and piece.span == piece.run):
        means = (
            Word(text[slice(*piece.span)])
            if piece.shape is Shape.IDEOGRAPH
            else Shaped(Shape.SYMBOL, piece.key)
        )
        return Item((means,), piece.span, text[slice(*piece.span)]), at + 1
    return None


def _ends_well(pieces: list[Piece], end: int, meanings: tuple[Meaning, ...]) -> bool:
    """Before "than" a comparison does not look back: "or newer than 20.04" begins with "or"."""
    behind = any(isinstance(meaning, Compares) and meaning.behind for meaning in meanings)
    return not (behind and end < len(pieces) and pieces[end].key in _THAN)


def _text(text: str, pieces: list[Piece], index: int) -> Item:
    """The word at `index`, or what a phrase that began before it has left of it."""
    piece = pieces[index]
    begun = index > 0 and pieces[index - 1].word == piece.word
    run = (piece.span[0], piece.run[1]) if begun else piece.run
    return Item((Word(text[slice(*run)]),), run, text[slice(*run)])


def _says_something(item: Item) -> bool:
    """Whether a part of a glued word makes it worth reading: not filler and not a bare number."""
    return any(
        not isinstance(meaning, Role | Number | Shaped | Word) or meaning in _TELLING
        for meaning in item.means
    ) or item.is_role(Role.TO)


def _touches(text: str, last: Item, item: Item) -> bool:
    return last.span[1] == item.span[0] and not text[item.span[0]].isascii() and not last.text[-1].isascii()


def _inside(text: str, items: list[Item], item: Item) -> bool:
    """Whether the last item is one ideograph amid a word that nobody knows."""
    before, last = items[-2], items[-1]
    single = len(last.text) == 1 and not last.text.isascii()
    return (
        single
        and before.get(Word) is not None
        and _touches(text, before, last)
        and _touches(text, last, item)
    )
