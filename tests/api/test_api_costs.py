"""A question that would take too long is refused in words that say what to ask instead."""

from pathlib import Path

from tests.api.asking import fill, serving
from tests.contract.catalogue import image


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
