import pytest

from mappings.text import platform_key, tokens


@pytest.mark.parametrize(
    ("title", "text", "words"),
    [
        ("words in lower case", "Ubuntu Server", ("ubuntu", "server")),
        ("a dotted number is one word", "22.04_server", ("22.04", "server")),
        ("three components", "CoreOS 1298.6.0", ("coreos", "1298.6.0")),
        ("a number glued to letters stands alone", "ubuntu22.04lts", ("ubuntu", "22.04", "lts")),
        ("v before a number", "nginx v1.28", ("nginx", "v", "1.28")),
        ("digits without a dot stay with their letters", "x86 64bit sles12", ("x86", "64bit", "sles12")),
        ("underscore divides", "x86_64", ("x86", "64")),
        ("hyphen divides", "cn-north-4", ("cn", "north", "4")),
        ("a dot that ends a sentence divides", "Version 7. Done", ("version", "7", "done")),
        ("a dot before letters divides", "3.x", ("3", "x")),
        ("Chinese goes by characters", "标准镜像", ("标", "准", "镜", "像")),
        ("Chinese and Latin together", "镜像22.04版Pro", ("镜", "像", "22.04", "版", "pro")),
        ("full width", "ＵＢＵＮＴＵ　２２．０４", ("ubuntu", "22.04")),
        ("case folding beyond lower case", "STRASSE straße", ("strasse", "strasse")),
        ("accents stay", "Café", ("café",)),
        ("kana goes by characters", "イメージ", ("イ", "メ", "ー", "ジ")),
        ("emoji is no word", "🚀", ()),
        ("nothing", "", ()),
        ("punctuation only", " -._/() ", ()),
    ],
)
def test_text_is_cut_into_words(title: str, text: str, words: tuple[str, ...]) -> None:
    assert tokens(text) == words


def test_long_text_is_cut_like_short() -> None:
    assert tokens("Ubuntu 22.04 " * 50) == tokens("Ubuntu 22.04") * 50


@pytest.mark.parametrize("text", ["Red Hat", "RedHat", "red-hat", "RED_HAT", "ＲｅｄＨａｔ"])
def test_spellings_have_one_key(text: str) -> None:
    assert platform_key(text) == "redhat"
