"""Flavors as documents publish them: in the shape of ECS, and nothing that is not published."""

import pytest

from indexer.documented import documented_flavors, flavor_facts

FLAVORS = {str(one["id"]): one for one in documented_flavors()}


def test_every_published_flavor_is_there_once_and_marked() -> None:
    assert len(FLAVORS) == len(flavor_facts()) == len(documented_flavors()) > 600
    for one in FLAVORS.values():
        assert one.keys() == {"id", "name", "vcpus", "ram", "os_extra_specs", "source"}
        assert (one["name"], one["source"]) == (one["id"], "documented")
        assert isinstance(one["vcpus"], str)
        assert isinstance(one["ram"], int)


@pytest.mark.parametrize(
    ("flavor", "specs"),
    [
        pytest.param("c1.medium", {"ecs:virtualization_env_types": "FusionCompute"}, id="Xen, and no more"),
        pytest.param("c3.large.2", {"ecs:virtualization_env_types": "CloudCompute"}, id="KVM"),
        pytest.param("c3ne.xlarge.4", {}, id="nothing but its size"),
        pytest.param(
            "g6.4xlarge.4",
            {
                "ecs:virtualization_env_types": "CloudCompute",
                "ecs:performancetype": "gpu",
                "info:gpu:name": "1 x T4",
            },
            id="a card",
        ),
        pytest.param("kc1.large.2", {"ecs:instance_architecture": "arm64"}, id="an arm processor"),
    ],
)
def test_what_is_published_is_stated(flavor: str, specs: dict[str, str]) -> None:
    assert FLAVORS[flavor]["os_extra_specs"] == specs


def test_stock_of_one_day_is_left_out_and_a_slip_corrected() -> None:
    every = [str(one["os_extra_specs"]) for one in FLAVORS.values()]
    assert not any("cond:operation" in specs for specs in every)
    assert any("cond:image" in specs for specs in every)
    assert "arm64" not in str(FLAVORS["c3.2xlarge.2"]["os_extra_specs"])
