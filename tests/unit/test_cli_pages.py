"""Command line: what needs no catalogue; fields and help."""

import orjson
import pytest

from ims_catalog.cli import main
from ims_catalog.cli.command_line import COMMANDS


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    out, err = capsys.readouterr()
    return int(ended.value.code or 0), out, err


def test_help_names_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, "--help")
    assert code == 0
    for name in COMMANDS:
        assert name in out


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_says_what_it_does(capsys: pytest.CaptureFixture[str], name: str) -> None:
    code, out, _ = run(capsys, name, "--help")
    assert code == 0
    assert COMMANDS[name].split()[0] in out


def test_an_unknown_command_is_wrong_usage(capsys: pytest.CaptureFixture[str]) -> None:
    code, _, err = run(capsys, "serch")
    assert code == 2
    assert "serch" in err


def test_fields_lists_what_is_known(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, "fields", "--json")
    names = {field["name"] for field in orjson.loads(out)}
    assert code == 0
    assert {"platform", "firmware", "gpu_types", "image_location"} <= names
    assert names.isdisjoint({"visible_to", "scopes", "shadowed_by"})


def test_a_field_is_found_by_its_wire_name(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, "fields", "__platform")
    assert code == 0
    assert "platform" in out
    assert "Red Hat" in out


@pytest.mark.parametrize(
    ("name", "meant"),
    [("platfrom", "did you mean: platform"), ("__platfrm", "__platform"), ("visible_to", "lists them")],
)
def test_what_is_no_field_is_said(capsys: pytest.CaptureFixture[str], name: str, meant: str) -> None:
    code, _, err = run(capsys, "fields", name)
    assert code == 2
    assert f"no field is called '{name}'" in err
    assert meant in err
    assert "did you mean: visible_to" not in err
