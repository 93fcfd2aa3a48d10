"""docs/settings.md: every setting stands in it, as declared."""

from pathlib import Path

import pytest
from pydantic import BaseModel

from ims_catalog.settings import Settings
from ims_catalog.settings_reference import SECTIONS, settings_reference

PAGE = Path(__file__).parents[2] / "docs" / "settings.md"


def test_the_page_is_what_the_declaration_gives() -> None:
    assert PAGE.read_text("utf-8") == settings_reference(), "make reference writes it anew"


@pytest.mark.parametrize(
    ("title", "section"), SECTIONS, ids=lambda given: given if isinstance(given, str) else ""
)
def test_every_setting_says_what_it_means(title: str, section: type[BaseModel]) -> None:
    assert title in PAGE.read_text("utf-8")
    for name, field in section.model_fields.items():
        assert field.description, name


def test_every_section_has_its_table() -> None:
    titles = " ".join(title for title, _ in SECTIONS)
    for name in Settings.model_fields:
        assert f"[{name}]" in titles
