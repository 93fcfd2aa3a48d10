"""A record that contradicts the listing that showed it reaches nobody who might not see it."""

import pytest

from ims_catalog.sandbox.estate import draw_estate
from mappings.document import store
from mappings.normalise import Problem, normalise
from mappings.scope import CloudKind, ImageType, Scope, View, granted_by
from mappings.value import Reason

IMS, GLANCE = CloudKind.IMS, CloudKind.GLANCE
GOLD, MARKET, PRIVATE, SHARED = ImageType.GOLD, ImageType.MARKET, ImageType.PRIVATE, ImageType.SHARED
SECRETS: dict[str, object] = {
    "__data_origin": "instance,secret-1",
    "__source_project": "secret-1",
    "nested": [{"__IMAGE_LOCATION": "secret-1"}],
}


def scope(image_type: ImageType, kind: CloudKind = IMS) -> Scope:
    public = image_type in {GOLD, MARKET}
    return Scope("prod", "huawei", kind, "cn-north-4", image_type, None if public else "p1")


@pytest.mark.parametrize(
    ("title", "kind", "listing", "record", "name"),
    [
        ("private among public", IMS, GOLD, {"visibility": "private"}, "visibility"),
        ("shared among public", IMS, GOLD, {"visibility": "shared"}, "visibility"),
        ("private among market", IMS, MARKET, {"visibility": "private"}, "visibility"),
        ("in capitals and blanks", IMS, GOLD, {"visibility": " PRIVATE "}, "visibility"),
        ("community is not public on IMS", IMS, GOLD, {"visibility": "community"}, "visibility"),
        ("nor is what nobody knows", IMS, GOLD, {"visibility": "publik"}, "visibility"),
        ("of private type", IMS, GOLD, {"__imagetype": "private"}, "image_type"),
        ("of shared type", IMS, GOLD, {"__imagetype": "Shared "}, "image_type"),
        (
            "of private type, said public",
            IMS,
            MARKET,
            {"__imagetype": "private", "visibility": "public"},
            "image_type",
        ),
        (
            "market type, said private",
            IMS,
            MARKET,
            {"__imagetype": "market", "visibility": "private"},
            "visibility",
        ),
        ("private on Glance", GLANCE, GOLD, {"visibility": "private"}, "visibility"),
        ("shared on Glance", GLANCE, GOLD, {"visibility": "shared"}, "visibility"),
    ],
)
def test_what_says_it_is_not_public_is_not_published(
    title: str, kind: CloudKind, listing: ImageType, record: dict[str, object], name: str
) -> None:
    by = scope(listing, kind)
    read = normalise({"id": "i-1", **record, **SECRETS}, by)
    assert read.document is not None
    assert read.document.key == "huawei/cn-north-4/i-1/own"
    assert read.document.fields["view"] == View.OWN.value
    assert "visible_to" not in read.document.fields
    assert granted_by(by.id) == ()
    assert read.document.scopes == (by.id,)
    assert read.problems == (Problem(name, Reason.OTHER_LISTING),)
    stored = store(read.document)
    assert b"secret-1" not in stored.body + stored.internal + stored.raw


@pytest.mark.parametrize(
    ("title", "record", "name"),
    [
        ("an unreadable visibility", {"visibility": ["private"]}, "visibility"),
        ("an unreadable type", {"__imagetype": {"is": "private"}}, "image_type"),
    ],
)
def test_what_cannot_be_read_is_not_taken_for_public(
    title: str, record: dict[str, object], name: str
) -> None:
    read = normalise({"id": "i-1", **record}, scope(GOLD))
    assert read.document is not None
    assert read.document.fields["view"] == View.OWN.value
    assert read.problems == (Problem(name, Reason.NOT_TEXT), Problem(name, Reason.OTHER_LISTING))


@pytest.mark.parametrize(
    ("title", "kind", "listing", "record"),
    [
        ("nothing said", IMS, GOLD, {}),
        ("nothing said among market", IMS, MARKET, {"visibility": None, "__imagetype": ""}),
        ("gold", IMS, GOLD, {"visibility": "public", "__imagetype": "gold"}),
        ("in capitals and blanks", IMS, GOLD, {"visibility": " Public", "__imagetype": "GOLD"}),
        ("market", IMS, MARKET, {"visibility": "public", "__imagetype": "market"}),
        ("market among gold", IMS, GOLD, {"visibility": "public", "__imagetype": "market"}),
        ("community on Glance is for all", GLANCE, MARKET, {"visibility": "community"}),
        (
            "a type that was copied to Glance",
            GLANCE,
            GOLD,
            {"visibility": "public", "__imagetype": "private"},
        ),
    ],
)
def test_what_is_public_stays_public(
    title: str, kind: CloudKind, listing: ImageType, record: dict[str, object]
) -> None:
    read = normalise({"id": "i-1", **record}, scope(listing, kind))
    assert read.document is not None
    assert read.document.fields["view"] == View.PUBLIC.value
    assert read.problems == ()


@pytest.mark.parametrize(
    ("title", "record", "expected"),
    [
        ("the type is that of its view", {"visibility": "private"}, ("private", 1, True)),
        ("a stated type stays", {"__imagetype": "shared"}, ("shared", 1, False)),
        (
            "a market image stays the least trusted",
            {"__imagetype": "market", "visibility": "private"},
            ("market", 3, False),
        ),
    ],
)
@pytest.mark.parametrize("listing", [GOLD, MARKET])
def test_type_and_trust_of_an_unpublished_record(
    title: str, record: dict[str, object], expected: tuple[str, int, bool], listing: ImageType
) -> None:
    document = normalise({"id": "i-1", **record}, scope(listing)).document
    assert document is not None
    assert document.fields["image_type"] == expected[0]
    assert document.fields["trust"] == expected[1]
    assert ("image_type" in document.derived) is expected[2]


@pytest.mark.parametrize("kind", CloudKind)
@pytest.mark.parametrize(
    ("title", "owner", "foreign"),
    [
        ("the project itself", "p1", False),
        ("with a blank", " p1", False),
        ("nobody is said", None, False),
        ("another project", "p2", True),
    ],
)
def test_a_private_listing_of_what_others_own_keeps_the_grant_only(
    title: str, owner: object, foreign: bool, kind: CloudKind
) -> None:
    record = {"id": "i-1", "visibility": "private", "__imagetype": "private", "owner": owner, **SECRETS}
    read = normalise(record, scope(PRIVATE, kind))
    assert read.document is not None
    assert (read.document.fields["view"], read.document.many("visible_to")) == ("own", ("p1",))
    expected = (Problem("owner", Reason.OTHER_LISTING),) if foreign else ()
    assert read.problems == expected
    stored = store(read.document)
    assert (b"secret-1" in stored.raw) is not foreign
    assert ("data_origin" in read.document.fields) is not foreign
    assert ("__source_project" in read.document.extra) is not foreign


def test_a_cloud_as_documented_contradicts_none_of_its_listings() -> None:
    estate = draw_estate(1000)
    views: set[tuple[str, object]] = set()
    for listing in estate.listings():
        kind = ImageType(listing.image_type)
        by = Scope("prod", "huawei", IMS, listing.region, kind, listing.project, listing.member_status)
        for page in estate.pages(listing, 500):
            for record in page:
                read = normalise(record, by)
                assert read.document is not None
                assert Reason.OTHER_LISTING not in {problem.reason for problem in read.problems}
                views.add((listing.image_type, read.document.fields["view"]))
    assert views == {("gold", "public"), ("market", "public"), ("private", "own"), ("shared", "shared")}


def test_an_owner_that_cannot_be_read_is_not_taken_for_the_project() -> None:
    read = normalise({"id": "i-1", "owner": ["p1"], **SECRETS}, scope(PRIVATE))
    assert read.document is not None
    assert b"secret-1" not in read.document.raw
    assert read.problems == (Problem("owner", Reason.NOT_TEXT), Problem("owner", Reason.OTHER_LISTING))


def test_a_member_sees_what_others_own() -> None:
    record: dict[str, object] = {"id": "i-1", "visibility": "shared", "__imagetype": "shared", "owner": "p2"}
    read = normalise(record, scope(SHARED))
    assert read.document is not None
    assert (read.document.fields["view"], read.document.many("visible_to")) == ("shared", ("p1",))
    assert read.problems == ()


@pytest.mark.parametrize(
    "key",
    [
        "__image_location",
        "__Image_Location",
        " __image_location\t",
        "__SYSTEM__CMKID",
        "__source_image_id",
        "__source_region",
        " __SOURCE_anything",
        "direct_url",
        "cmk_id",
    ],
)
@pytest.mark.parametrize("listing", [GOLD, SHARED, MARKET])
def test_an_owners_key_is_cut_however_it_is_written(key: str, listing: ImageType) -> None:
    record: dict[str, object] = {"id": "i-1", key: "secret-1", "a": [{"b": {key: "secret-1", "c": "kept"}}]}
    document = normalise(record, scope(listing)).document
    assert document is not None
    stored = store(document)
    assert b"secret-1" not in stored.body + stored.internal + stored.raw
    assert document.extra == {"a": '[{"b":{"c":"kept"}}]'}
    own = normalise(record, scope(PRIVATE)).document
    assert own is not None
    assert own.raw.count(b"secret-1") == 2


@pytest.mark.parametrize("key", ["source", "__image_source_type", "my__source_x", "image_locations"])
def test_other_keys_stay(key: str) -> None:
    document = normalise({"id": "i-1", key: "kept"}, scope(GOLD)).document
    assert document is not None
    assert b"kept" in document.raw
