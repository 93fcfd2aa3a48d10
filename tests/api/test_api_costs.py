"""A question that would take too long is refused in words that say what to ask instead."""

from datetime import timedelta
from pathlib import Path

from engines.costs import WORDS
from search_api.limits import VALUES
from tests.api.asking import fill, serving
from tests.api.estate import NOW, documents
from tests.contract.catalogue import image
from tests.contract.engine import engine_in


async def test_a_heap_of_vague_patterns_is_refused(tmp_path: Path) -> None:
    images = [
        image(f"i{number:04}", name=f"ubuntu {number}", status="active", listed=True)
        for number in range(7000)
    ]
    await fill(tmp_path, images)
    async with serving(tmp_path) as api:
        heap = [("name", f"*u?{other}*") for other in "u0123456"]
        assert (await api.get("/v1/images", heap[:1])).json["total"] == len(images)
        for path in ("/v1/images", "/v1/facets"):
            told = await api.get(path, heap)
            assert (told.status, told.json["type"]) == (400, "urn:ims-catalog:problem:too-costly")
            assert "longer runs of characters" in told.json["detail"]


async def test_as_many_dates_and_words_as_are_allowed_are_answered(tmp_path: Path, engine_name: str) -> None:
    dates = [(NOW + timedelta(seconds=second)).isoformat() for second in range(VALUES)]
    words = "".join(map(chr, range(0x4E00, 0x4E00 + WORDS)))
    with engine_in(engine_name, tmp_path):
        await fill(tmp_path, documents(), engine_name)
        async with serving(tmp_path, engine_name=engine_name) as api:
            for name in ("last_seen", "carried_from"):
                told = await api.post({"filter": {"field": name, "in": dates}})
                assert told.status == 200, told.json
            assert (await api.get("/v1/images", [("q", words)])).status == 200
            told = await api.get("/v1/images", [("q", words + "".join(map(chr, range(0x5E00, 0x5F00))))])
            assert (told.status, told.json["type"]) == (400, "urn:ims-catalog:problem:too-costly")
            assert f"ask for {WORDS} at most" in told.json["detail"]
