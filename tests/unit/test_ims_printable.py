"""Text from clouds on a terminal."""

import pytest

from clouds.printable import printable


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        pytest.param("Ubuntu 22.04 服务器 é", "Ubuntu 22.04 服务器 é", id="plain text stays"),
        pytest.param("[red]x[/red]", "[red]x[/red]", id="markup is text"),
        pytest.param("a\x1b[31mb\x07", "a [31mb ", id="escape and bell"),
        pytest.param("a\r\nb\tc\x85d", "a  b c d", id="line breaks and tabs"),
        pytest.param("a\u202eb\u2066c", "a b c", id="direction of writing"),
        pytest.param("a\ud800b", "a b", id="half a character"),
        pytest.param("a\u2028b\u3000c", "a b c", id="separators"),
    ],
)
def test_nothing_but_visible_characters_is_left(text: str, shown: str) -> None:
    assert printable(text) == shown
    printable(text).encode()
