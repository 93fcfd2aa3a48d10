"""`lex`: a sentence is cut into pieces that know where they stand."""

import re
import unicodedata
from dataclasses import dataclass
from enum import Enum, auto

from search_api.clause import Span


class Shape(Enum):
    """What a piece looks like."""

    LETTERS = auto()
    NUMBER = auto()
    IDEOGRAPH = auto()
    SYMBOL = auto()
    QUOTED = auto()
    TERM = auto()
    """`name:value`, `name>=value`."""
    DATE = auto()
    UUID = auto()
    HASHTAG = auto()
    OPEN = auto()
    CLOSE = auto()
    COMMA = auto()
    MINUS = auto()
    """A `-` or `!` that negates what it touches, a number too; within `20-40` it touches on both sides."""
    AND = auto()
    OR = auto()
    NOT = auto()
    """Written operators."""
    OPAQUE = auto()
    """A character that no known word contains."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a word.

    `key` is what is looked up: folded, traditional characters simplified. `gap` is what stands before it:
    nothing, a blank or a hyphen. Pieces of one `word` stand or fall together; `run` is the span of that word.
    """

    shape: Shape
    key: str
    span: Span
    gap: str
    word: int
    run: Span


@dataclass(frozen=True, slots=True)
class Written:
    """The parts of a term."""

    name: str
    operator: str
    value: str


def lex(text: str, traditional: dict[int, int] | None = None) -> list[Piece]:
    """Cut a text into pieces, in one pass. `traditional` maps characters to their simplified forms."""
    pieces: list[Piece] = []
    shouting = not any(map(str.islower, text))
    end = 0
    for found in _SCAN.finditer(text):
        kind = found.lastgroup or ""
        if kind == "blank":
            continue
        start, stop = found.span()
        gap = "" if start == end else " "
        end = stop
        word = len(pieces)
        if kind == "ideograph":
            key = found[0].translate(traditional) if traditional else found[0]
            pieces.append(Piece(Shape.IDEOGRAPH, key, (start, stop), gap, word, (start, stop)))
        elif kind == "run":
            pieces.extend(_run(found[0], start, gap, word, shouting))
        else:
            key = found[0][1:-1] if kind == "quoted" else found[0]
            pieces.append(Piece(_SHAPES[kind], key, (start, stop), gap, word, (start, stop)))
    return pieces


def narrowed(text: str) -> str:
    """Write full-width forms as the ASCII characters they stand for; every place stays what it was."""
    return text if text.isascii() else text.translate(_NARROW)


def joined(pieces: list[Piece], begin: int, end: int) -> str:
    """Write the key of a phrase: letters run together, digits keep the gap beside them."""
    key = pieces[begin].key
    for index in range(begin + 1, end):
        key = glue(key, pieces[index])
    return key


def glue(key: str, piece: Piece) -> str:
    """Add a piece to the key of a phrase."""
    if piece.gap and (key[-1].isdigit() or piece.key[0].isdigit()):
        return f"{key}{piece.gap}{piece.key}"
    return key + piece.key


def written(term: str) -> Written:
    """Take a piece of shape TERM apart."""
    found = _TERM.match(term)
    if found is None:
        return Written("", "", term)
    name, operator = found[1], found[2].strip()
    return Written(name, operator, term[found.end() :].strip())


def folded(text: str) -> str:
    """Fold case and compatibility forms, as text does everywhere."""
    if text.isascii():
        return text.lower()
    return unicodedata.normalize("NFKC", text).casefold().replace("’", "'")


def _run(run: str, start: int, gap: str, word: int, shouting: bool) -> list[Piece]:
    """Cut a run of characters without a blank: whole where it has a shape of its own, else at its seams."""
    span = (start, start + len(run))
    if run in _OPERATORS and not shouting:
        return [Piece(_OPERATORS[run], run, span, gap, word, span)]
    lead = _LEAD.match(run)
    body_start = lead.end() if lead else 0
    body = run[body_start:]
    body = body[: len(body) - len(_tail(body))]
    if not body:
        return [Piece(Shape.SYMBOL, run, span, gap, word, span)]
    first = start + body_start
    pieces: list[Piece] = []
    if run[0] in "-!":
        # It negates nothing where it is: it is no part of the word, so that it is seen to be left aside.
        pieces.append(Piece(Shape.SYMBOL, run[:body_start], (start, first), gap, word, (start, first)))
        word, span = word + 1, (first, span[1])
    for shape, pattern in _WHOLE:
        if pattern.fullmatch(body):
            return [*pieces, Piece(shape, body, (first, first + len(body)), gap, word, span)]
    return [*pieces, *_seams(body, first, gap, word, span)]


def _seams(body: str, first: int, gap: str, word: int, span: Span) -> list[Piece]:
    pieces = []
    for found in _PIECE.finditer(body):
        kind = found.lastgroup or ""
        if kind == "hyphen":
            gap = "-"
            continue
        place = (first + found.start(), first + found.end())
        key = folded(found[0])
        pieces.append(Piece(_PIECE_SHAPES[kind], key, place, gap, word, span))
        gap = ""
    return pieces


def _tail(body: str) -> str:
    found = _TAIL.search(body)
    return found[0] if found else ""


_NARROW = {wide: wide - 0xFEE0 for wide in range(0xFF01, 0xFF5F)}
_HAN = "\u3005-\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_NAME = r"[A-Za-z_][A-Za-z0-9_.\-]*"
_SIGN = r"(?:[ \t]{0,8}(?:!=|==|=)[ \t]{0,8}(?=[^\s=])|:[ \t]{0,8}(?=[^\s:])|>=|<=|>|<)"
_VALUE = r"""(?:[^\s()（）&"“”]*"[^"]*")*[^\s()（）&"“”]*"""
_SCAN = re.compile(
    rf"""
    (?P<blank>[\s\x00-\x1f\x7f]+)
  | (?P<quoted>"[^"]*"|“[^“”]*”|「[^「」]*」|„[^„“”]*[“”])
  | (?P<stray>["“”「」„])
  | (?P<open>[(（])
  | (?P<close>[)）])
  | (?P<minus>(?<![^\s(（,，、;；!])(?:-+|!)(?=[^\s\-=]))
  | (?P<comma>[,，、;；&。]+)
  | (?P<term>(?<![^\s(（,;&\-!，]){_NAME}{_SIGN}{_VALUE})
  | (?P<ideograph>[{_HAN}])
  | (?P<run>[^\s\x00-\x1f\x7f"“”「」„()（）,，、;；&。{_HAN}]+)
    """,
    re.VERBOSE,
)
_TERM = re.compile(rf"({_NAME})({_SIGN})")
_SHAPES = {
    "quoted": Shape.QUOTED,
    "stray": Shape.SYMBOL,
    "open": Shape.OPEN,
    "close": Shape.CLOSE,
    "comma": Shape.COMMA,
    "minus": Shape.MINUS,
    "term": Shape.TERM,
}
_OPERATORS = {
    "AND": Shape.AND,
    "OR": Shape.OR,
    "NOT": Shape.NOT,
    "&&": Shape.AND,
    "||": Shape.OR,
    "|": Shape.OR,
}
_LEAD = re.compile(r"--+|[-'*!?.:\[\]{}|$%^~]")
_TAIL = re.compile(r"[.?!:;'’*\]}|]+$")
_WHOLE = (
    (
        Shape.UUID,
        re.compile(r"[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}|[0-9a-fA-F]{32}", re.ASCII),
    ),
    (
        Shape.DATE,
        re.compile(
            r"(?:19|20)\d\d-\d\d?(?:-\d\d?(?:[Tt]\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?(?:[Zz]|[+-]\d\d:?\d\d)?)?)?"
            r"|(?:19|20)\d\d/\d\d?/\d\d?|\d\d?/\d\d?/(?:19|20)\d\d|\d\d?\.\d\d?\.(?:19|20)\d\d",
            re.ASCII,
        ),
    ),
    (Shape.HASHTAG, re.compile(r"#[^\W#][\w.=:\-]*")),
    (Shape.SYMBOL, re.compile(r">=|<=|>|<|≥|≤|=|\+|~|–|—|-|&")),
)
_PIECE = re.compile(
    r"(?P<number>[0-9]+(?:\.[0-9]+)*(?:\.[xX](?![^\W_]))?)"
    r"|(?P<letters>[^\W\d]+(?:['’][^\W\d]+)*)"
    r"|(?P<hyphen>[-/])"
    r"|(?P<symbol>>=|<=|[><≥≤+~–—=])"
    r"|(?P<opaque>.)",
    re.DOTALL,
)
_PIECE_SHAPES = {
    "number": Shape.NUMBER,
    "letters": Shape.LETTERS,
    "symbol": Shape.SYMBOL,
    "opaque": Shape.OPAQUE,
}
