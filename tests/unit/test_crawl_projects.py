"""Which projects a crawl goes through."""

from dataclasses import replace

import pytest
from pydantic import SecretStr

from clouds.identity import Project
from indexer.sources.credential import AccessKey, ApplicationCredential, Credential, NoCredential, ReadyToken
from indexer.sources.projects import Unreached, choose
from indexer.sources.source import Source
from mappings.scope import CloudKind

NORTH = Project("1" * 32, "cn-north-4")
SUB = Project("2" * 32, "cn-north-4_research")
LONGER = Project("3" * 32, "cn-north-41")
SOUTH = Project("4" * 32, "cn-south-1")
OFF = Project("5" * 32, "cn-north-4_old", enabled=False)
STORE = Project("6" * 32, "MOS")
ALL = (NORTH, SUB, LONGER, SOUTH, OFF, STORE)
NAMES = "MOS, cn-north-4, cn-north-41, cn-north-4_old, cn-north-4_research, cn-south-1"
KEY = AccessKey(SecretStr("a"), SecretStr("b"))


def source(projects: tuple[str, ...] | None, credential: Credential = KEY) -> Source:
    return Source(
        name="prod",
        cloud="huawei",
        regions=("cn-north-4", "cn-south-1"),
        endpoint="https://ims.example.com",
        identity_endpoint="https://iam.example.com",
        credential=credential,
        projects=projects,
    )


@pytest.mark.parametrize(
    ("projects", "north", "south", "unreached"),
    [
        pytest.param(None, (NORTH.id, SUB.id), (SOUTH.id,), [], id="all that the account can see"),
        pytest.param(("cn-north-4", SOUTH.id), (NORTH.id,), (SOUTH.id,), [], id="one by name, one by id"),
        pytest.param((SUB.id, SUB.name, SOUTH.name), (SUB.id,), (SOUTH.id,), [], id="one named twice"),
        pytest.param(
            ("cn-north-4",),
            (NORTH.id,),
            (),
            ["prod/cn-south-1: none of the configured projects belongs here"],
            id="none for one of the regions",
        ),
        pytest.param(
            ("cn-north-4", "cn-south-1", "cn-north-9"),
            (NORTH.id,),
            (SOUTH.id,),
            ["prod: no project has the name or id 'cn-north-9'; the account sees: " + NAMES],
            id="one that is not known",
        ),
        pytest.param(
            ("cn-north-4", "cn-south-1", OFF.name),
            (NORTH.id,),
            (SOUTH.id,),
            ["prod: the project 'cn-north-4_old' is disabled"],
            id="one that is disabled",
        ),
        pytest.param(
            ("cn-north-4", "cn-south-1", LONGER.id),
            (NORTH.id,),
            (SOUTH.id,),
            [f"prod: the project '{LONGER.id}' (cn-north-41) belongs to none of the configured regions"],
            id="one of another region, whose name begins alike",
        ),
    ],
)
def test_projects_are_chosen(
    projects: tuple[str, ...] | None, north: tuple[str, ...], south: tuple[str, ...], unreached: list[str]
) -> None:
    chosen = choose(source(projects), {"cn-north-4": ALL, "cn-south-1": ALL}, {})
    assert chosen.projects.get("cn-north-4", ()) == north
    assert chosen.projects.get("cn-south-1", ()) == south
    assert [str(one) for one in chosen.unreached] == unreached


def test_a_region_whose_identity_service_fails_does_not_stop_the_other() -> None:
    chosen = choose(source(("cn-south-1", "unknown")), {"cn-south-1": ALL}, {"cn-north-4": "down"})
    assert chosen.projects == {"cn-south-1": (SOUTH.id,)}
    assert [str(one) for one in chosen.unreached] == ["prod/cn-north-4: down"], "unknown cannot be told"


def test_a_token_stands_for_one_project() -> None:
    token = ReadyToken(SecretStr("t"))
    everything = choose(source(None, token), {"cn-north-4": ALL, "cn-south-1": ALL}, {})
    assert everything.projects == {}
    assert "valid for one project only" in str(everything.unreached[0])
    one = choose(source(("cn-north-4",), token), {"cn-north-4": ALL}, {})
    assert one.projects == {"cn-north-4": (NORTH.id,)}


@pytest.mark.parametrize(
    ("part", "scope", "covered"),
    [
        (Unreached("prod", None, ""), "prod/r/gold", True),
        (Unreached("prod", "r", ""), "prod/r/p/private", True),
        (Unreached("prod", "r", ""), "prod/r2/gold", False),
        (Unreached("prod", None, ""), "prod2/r/gold", False),
    ],
)
def test_what_cannot_be_reached_covers_its_scopes(part: Unreached, scope: str, covered: bool) -> None:
    assert part.covers(scope) is covered


def test_a_source_does_not_print_its_credential() -> None:
    assert "**" in repr(source(None))
    assert "'b'" not in repr(source(None, NoCredential()))


def test_a_project_of_keystone_lies_in_every_region_and_one_token_opens_it_there() -> None:
    glance = replace(
        source(("research",), ApplicationCredential("a", SecretStr("s"))),
        kind=CloudKind.GLANCE,
        regions=("east", "west"),
    )
    research, other = Project("1" * 32, "research"), Project("2" * 32, "other")
    visible: dict[str, tuple[Project, ...]] = dict.fromkeys(glance.regions, (research, other))
    found = choose(glance, visible, {})
    assert found.projects == dict.fromkeys(glance.regions, (research.id,))
    assert found.unreached == ()
    several = choose(replace(glance, projects=None), visible, {})
    assert several.projects == {}
    assert "application credential is valid for one project only" in several.unreached[0].reason
