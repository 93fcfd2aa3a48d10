"""An answer on a terminal: what is shown, and that no cloud writes to the terminal itself."""

from io import StringIO

from rich.console import Console

from ims_catalog.cli.answer_text import Answer, Bucket, answer_text


def shown(answer: Answer) -> str:
    output = StringIO()
    Console(file=output, width=160, force_terminal=True, color_system=None).print(answer_text(answer))
    return output.getvalue()


def answer(**image: object) -> Answer:
    return {
        "images": [{"id": "1", "name": "Ubuntu", "region": "r", **image}],
        "total": 7,
        "facets": {
            "platform": {
                "values": [
                    {"label": "Ubuntu", "count": 5, "selected": True},
                    {"label": "Debian", "count": 0, "selected": False},
                ]
            }
        },
        "interpretation": {
            "summary": "images for Ubuntu",
            "notes": ["the first is shared"],
            "filters": [{"label": "Status: active", "default": True}, {"label": "Ubuntu", "default": False}],
        },
        "catalog": {
            "as_of": "2026-11-24T06:17:00Z",
            "scopes": {"complete": 1, "total": 6},
            "incomplete": [{"scope": f"s{n}", "reason": "timed out", "carried": 9} for n in range(5)],
        },
    }


def test_it_says_how_it_was_understood_what_was_found_and_what_is_old() -> None:
    text = shown(answer(gpu_types=["T4", "V100"], min_ram=2048, firmware="uefi"))
    for part in (
        "Read as: images for Ubuntu",
        "By default only: Status: active",
        "Note: the first is shared",
        "7 images, the first 1 shown",
        "T4, V100",
        "2048",
        "UEFI",
        "✓ Ubuntu (5)",
        "As of 2026-11-24T06:17:00Z; 1 of 6 listings are whole.",
        "Not fully listed, 45 images kept: s0, s1, s2 and 2 more: timed out",
    ):
        assert part in text
    assert "Debian" not in text


def test_texts_of_a_cloud_are_neither_markup_nor_commands() -> None:
    text = shown(answer(name="x\x1b]0;owned\x07\x1b[2Jy", gpu_types=["[/red]"], version="[bold]9"))
    assert "\x1b" not in text
    assert "\x07" not in text
    assert "[/red]" in text
    assert "[bold]9" in text


def test_counts_are_shown_without_images_too() -> None:
    text = shown({**answer(), "images": []})
    assert "7 images, none of them shown" in text
    assert "✓ Ubuntu (5)" in text
    assert "0 images\n" in shown({**answer(), "images": [], "total": 0})


def test_what_a_rule_filled_in_stands_once_beneath_the_facets() -> None:
    values: list[Bucket] = [
        {"label": "BIOS", "count": 95, "selected": False, "by_default": 44},
        {"label": "UEFI", "count": 39, "selected": True, "by_default": 0},
    ]
    text = shown({**answer(), "facets": {"firmware": {"values": values}, "region": {"values": []}}})
    assert text.count("Filled in by a rule where not stated: 44 of BIOS\n") == 1
    assert "Filled in" not in shown(answer())


def test_what_else_was_counted_stands_beneath() -> None:
    counted = answer()
    bucket: Bucket = {"label": "Ubuntu", "count": 5, "selected": False, "sum": {"image_size": 3 << 30}}
    text = shown(
        {
            **counted,
            "sum": {"image_size": 5 << 40, "min_disk": 1200},
            "facets": {"platform": {"values": [bucket]}},
            "histograms": {"min_disk": {"values": [{"from": 10, "to": 20, "count": 7}]}},
            "pivot": {
                "fields": ["platform", "firmware"],
                "values": [{"value": "Ubuntu", "label": "Ubuntu", "count": 7, "values": []}],
                "columns": [],
            },
        }
    )
    places = [
        text.index(part)
        for part in (
            "image_size of all together: 5 TiB",
            "min_disk of all together: 1,200 GB",
            "Ubuntu (5, 3 GiB)",
            "10 up to 20",
            "platform by firmware",
            "As of 2026-11-24",
        )
    ]
    assert places == sorted(places)
