"""Images of two tenants, public ones and shared ones, drawn by hand: records, documents and a ledger."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from engines.ledger import Outcome, Run, ScopeState, State
from mappings.document import Document
from mappings.normalise import normalise
from mappings.scope import CloudKind, ImageType, Scope, View

NOW = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)
EARLIER = NOW - timedelta(hours=1)
YESTERDAY = NOW - timedelta(days=1)

ALICE, BOB = "a" * 32, "b" * 32
"""Projects of the two tenants."""
NORTH, WEST = "cn-north-4", "eu-west-101"


def scope(image_type: ImageType, project: str | None = None, region: str = NORTH) -> Scope:
    status = "accepted" if image_type is ImageType.SHARED else None
    return Scope("prod", "huawei", CloudKind.IMS, region, image_type, project, status)


GOLD = scope(ImageType.GOLD)
GOLD_WEST = scope(ImageType.GOLD, region=WEST)
MARKET = scope(ImageType.MARKET)
ALICE_OWN = scope(ImageType.PRIVATE, ALICE)
ALICE_SHARED = scope(ImageType.SHARED, ALICE)
BOB_OWN = scope(ImageType.PRIVATE, BOB)
BOB_SHARED = scope(ImageType.SHARED, BOB)
SCOPES = (GOLD, GOLD_WEST, MARKET, ALICE_OWN, ALICE_SHARED, BOB_OWN, BOB_SHARED)


def record(identity: str, **attributes: object) -> dict[str, object]:
    """Give a record as the cloud sends it."""
    return {
        "id": identity,
        "name": f"image {identity}",
        "status": "active",
        "visibility": "public",
        "__imagetype": "gold",
        "__os_type": "Linux",
        "__platform": "Ubuntu",
        "__os_version": "Ubuntu 22.04 server 64bit",
        "__os_bit": "64",
        "min_disk": 40,
        "min_ram": 1024,
        "created_at": "2026-01-01T00:00:00Z",
        "__isregistered": "true",
        "deleted": False,
        **attributes,
    }


@dataclass(frozen=True, slots=True)
class Planted:
    """A record and where it was listed."""

    record: Mapping[str, object]
    scope: Scope
    shadowed_by: tuple[str, ...] = ()

    @property
    def document(self) -> Document:
        found = normalise(self.record, self.scope).document
        assert found is not None
        return found.stamped(first_seen=1_700_000_000_000, listed=True, shadowed_by=self.shadowed_by)


def _private(identity: str, **attributes: object) -> dict[str, object]:
    return record(identity, visibility="private", __imagetype="private", **attributes)


_SHARED_BY_BOB = {
    "name": "bob's golden nginx",
    "__platform": "BobOS",
    "__os_version": "BobOS 7.9 64bit",
    "owner": BOB,
    "created_at": "2026-11-01T00:00:00Z",
    "tags": ["team=bob"],
}

PLANTED = (
    Planted(record("gold-1", __support_kvm="true", hw_firmware_type="uefi"), GOLD),
    Planted(
        record(
            "gold-2",
            name="CentOS 7.9 64bit",
            __platform="CentOS",
            __os_version="CentOS 7.9 64bit",
            created_at="2026-03-01T12:00:00Z",
            min_ram=4096,
            min_disk=10,
        ),
        GOLD,
    ),
    Planted(
        record(
            "gold-3",
            name="Windows Server 2019 with Graphic driver",
            __platform="Windows",
            __os_type="Windows",
            __os_version="Windows Server 2019 Datacenter 64bit",
            __support_kvm_gpu_type="V100",
            created_at="2026-02-01T00:00:00Z",
        ),
        GOLD,
    ),
    Planted(
        record("gold-4", __platform="Debian", __os_version="Debian GNU/Linux 12 64bit", __support_arm="true"),
        GOLD,
    ),
    Planted(record("gold-5", status="deactivated", name="old Ubuntu"), GOLD),
    Planted(record("gold-6", __isregistered="false", name="unregistered Ubuntu"), GOLD),
    Planted(record("gold-7", deleted=True, name="deleted Ubuntu"), GOLD),
    Planted(record("both", name="in both regions"), GOLD),
    Planted(record("both", name="in both regions"), GOLD_WEST),
    Planted(
        record(
            "market-1",
            name="nginx stack",
            __imagetype="market",
            __productcode="00301-33004-0--0",
            created_at="2026-11-20T00:00:00Z",
        ),
        MARKET,
    ),
    Planted(
        _private(
            "alice-1",
            name="alice web",
            owner=ALICE,
            tags=["team=alice", "env=prod"],
            created_at="2026-10-01T00:00:00Z",
            __data_origin="instance,5e1d0b9a",
        ),
        ALICE_OWN,
    ),
    Planted(_private("alice-2", name="alice odd", owner=ALICE, __platform="AliceOS", team="web"), ALICE_OWN),
    Planted(_private("bob-1", name="bob secret", owner=BOB, __platform="SecretOS", secret="hush"), BOB_OWN),
    # Bob's own, shared with Alice, who holds no document of the owner.
    Planted(_private("shared-1", **_SHARED_BY_BOB), BOB_OWN),
    Planted(
        record("shared-1", visibility="shared", __imagetype="shared", **_SHARED_BY_BOB),
        ALICE_SHARED,
        shadowed_by=(BOB,),
    ),
    # Shared with both by somebody who is not crawled.
    Planted(
        record(
            "shared-2", name="a friend's image", visibility="shared", __imagetype="shared", owner="c" * 32
        ),
        ALICE_SHARED,
    ),
)


def documents() -> list[Document]:
    return [planted.document for planted in PLANTED]


def visible(document: Document, projects: frozenset[str] | None) -> bool:
    """Say by plain words who sees what; None is the operator."""
    view, seen = document.fields["view"], set(document.many("visible_to"))
    owners = set(document.many("shadowed_by"))
    if projects is None:
        return view != View.SHARED or not owners
    if view == View.PUBLIC:
        return True
    return bool(seen & projects) and (view == View.OWN or not owners & projects)


def state(given: Scope, **changes: object) -> ScopeState:
    values: dict[str, object] = {
        "scope": given.id,
        "state": State.COMPLETE,
        "reason": None,
        "last_attempt": EARLIER,
        "last_complete": EARLIER,
        "seen": 3,
        "carried": 0,
        **changes,
    }
    return ScopeState(**values)  # type: ignore[arg-type]


STATES = (
    state(GOLD),
    state(GOLD_WEST),
    state(MARKET, state=State.INCOMPLETE, reason="503", last_complete=YESTERDAY, seen=0, carried=1),
    state(ALICE_OWN),
    state(ALICE_SHARED),
    state(BOB_OWN, state=State.INCOMPLETE, reason="403", last_complete=YESTERDAY, seen=0, carried=2),
    state(BOB_SHARED),
)


def run(
    identity: str, minutes: int = 0, outcome: Outcome = Outcome.PUBLISHED, generation: str = "served"
) -> Run:
    return Run(
        run=identity,
        started=EARLIER + timedelta(minutes=minutes),
        finished=EARLIER + timedelta(minutes=minutes, seconds=30),
        outcome=outcome,
        exit=0,
        reason=None,
        generation=generation,
        documents=len(PLANTED),
        added=len(PLANTED),
        changed=0,
        removed=0,
        unlisted=0,
        refused=0,
        problems={},
        scopes=STATES,
    )
