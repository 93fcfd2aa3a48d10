"""Images come, go and change while they are listed: nothing that lived throughout is lost or deleted."""

import random
from dataclasses import replace

import pytest

from ims_catalog.sandbox.estate import Listing
from ims_catalog.sandbox.fault import Fault, Hang, Received
from mappings.document import key_of
from mappings.scope import ImageType, View
from tests.faults.installation import LIMITS, Installation
from tests.soak import SOAKING

SEEDS = 100 if SOAKING else 6


class Storm:
    """Creates, deletes and renames public images before each page."""

    def __init__(self, installation: Installation, seed: int) -> None:
        self.chance = random.Random(seed)
        self.cloud = installation.sandbox.cloud
        self.region = installation.sandbox.regions[0]
        self.alive = [str(one["id"]) for one in self.cloud.records(Listing(self.region, "gold"))]
        self.throughout = set(self.alive)

    def blow(self, received: Received) -> bool:
        if received.image_type == "gold":
            for _ in range(self.chance.randrange(30)):
                self.step()
        return False

    def step(self) -> None:
        image = self.chance.choice(self.alive)
        match self.chance.randrange(3):
            case 0:
                self.alive.append(self.cloud.add(self.region, {"__imagetype": "gold", "name": "new"}))
            case 1:
                self.cloud.delete(self.region, image)
                self.alive.remove(image)
                self.throughout.discard(image)
            case _:
                self.cloud.patch(self.region, image, name=f"renamed {self.chance.random()}")


@pytest.mark.parametrize("seed", range(SEEDS))
async def test_case_08_a_storm_loses_nothing(long: Installation, seed: int) -> None:
    source = replace(long.source, image_types=(ImageType.GOLD,))
    storm = Storm(long, seed)
    fault = long.sandbox.fail(Fault(storm.blow, Hang()))
    for _ in range(2):
        run = await long.run(source, limits=replace(LIMITS, restarts=20))
        assert run.exit == 0
        held = await long.held()
        assert {
            key_of("huawei", storm.region, image, View.PUBLIC) for image in storm.throughout
        } <= held.keys()

    long.sandbox.faults.remove(fault)
    assert (await long.run(source)).exit == 0
    assert await long.held() == {
        key: one for key, one in long.model().items() if any(s.endswith("/gold") for s in one.scopes)
    }
