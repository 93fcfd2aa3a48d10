"""The count of every bucket of every facet is the number of images that choosing it gives."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest

from tests.api.asking import Api, TokenAccess, fill, serving
from tests.api.conftest import Filled
from tests.api.estate import ALICE_OWN, BOB_OWN, GOLD, Planted, documents, record
from tests.contract.engine import engine_in

ODD: tuple[dict[str, object], ...] = (
    {"tags": ["env=prod", "env.prod", "a,b", "-minus", "neq:x", "with space"]},
    {"tags": ["env.prod"], "__enterprise_project_id": "0"},
    {"enterprise_project_id": "0", "__os_version": "Odd, 1.0 (x) 64bit", "__platform": "Odd, OS"},
    {"enterprise_project_id": "11111111-2222-3333-4444-555555555555", "__os_version": "7"},
    {"__os_version": "22.04", "__platform": "-Dash", "hw_firmware_type": "bios"},
    {"__os_version": "in:x", "__platform": "a..b", "__support_kvm_gpu_type": "T4,V100"},
    {"__support_kvm": "false", "__support_agent_list": "hss,ces", "architecture": "x86_64"},
    {"__support_xen": "true", "__root_origin": "file", "min_ram": 0, "max_ram": 0, "min_disk": "1"},
    {"__os_version": "Ubuntu 22.04 server 64bit*", "disk_format": "zvhd2"},
)


@pytest.fixture(scope="module")
def odd(engine_name: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Filled]:
    place = tmp_path_factory.mktemp("click")
    found = [
        Planted(record(f"odd-{number}-{where.project or 'gold'}", **attributes), where).document
        for number, attributes in enumerate(ODD)
        for where in (GOLD, ALICE_OWN, BOB_OWN)
    ]
    with engine_in(engine_name, place):
        asyncio.run(fill(place, [*documents(), *found], engine_name))
        yield Filled(engine_name, place)


@pytest.fixture
async def clicked(odd: Filled) -> AsyncIterator[Api]:
    async with serving(odd.folder, TokenAccess(), engine_name=odd.engine_name) as api:
        yield api


async def _facets(api: Api, by: str, context: dict[str, str]) -> dict[str, Any]:
    names = [one["name"] for one in (await api.get("/v1/fields", by=by)).json["fields"] if one["facet"]]
    found: dict[str, Any] = {}
    for begin in range(0, len(names), 50):
        asked = {**context, "limit": "0", "facets": ",".join(names[begin : begin + 50])}
        found.update((await api.get("/v1/images", asked, by=by)).json["facets"])
    assert found.keys() == set(names)
    return found


@pytest.mark.parametrize("context", [{}, {"name": "image*"}], ids=["everything", "within a question"])
@pytest.mark.parametrize("by", ["alice", "nobody", "operator"])
async def test_a_click_by_parameter_gives_what_was_counted(
    clicked: Api, by: str, context: dict[str, str]
) -> None:
    wrong = []
    for name, facet in (await _facets(clicked, by, context)).items():
        for bucket in facet["values"]:
            value = bucket["value"]
            text = "exists:false" if value is None else _quoted(value)
            told = await clicked.get("/v1/images", {**context, name: text, "limit": "0"}, by=by)
            total = told.json["total"] if told.status == 200 else told.json["detail"]
            if total != bucket["count"]:
                wrong.append((name, value, bucket["count"], total))
    assert wrong == []


@pytest.mark.parametrize("by", ["alice", "nobody", "operator"])
async def test_a_click_by_body_gives_what_was_counted(clicked: Api, by: str) -> None:
    wrong = []
    for name, facet in (await _facets(clicked, by, {})).items():
        for bucket in facet["values"]:
            value = bucket["value"]
            chosen = {"exists": False} if value is None else {"in": [value]}
            told = await clicked.post({"filter": {"field": name, **chosen}, "limit": 0}, by=by)
            total = told.json["total"] if told.status == 200 else told.json["detail"]
            if total != bucket["count"]:
                wrong.append((name, value, bucket["count"], total))
    assert wrong == []


def _quoted(value: object) -> str:
    return f'"{value}"' if isinstance(value, str) else str(value).lower()
