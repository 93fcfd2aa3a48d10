import orjson
import pytest

from mappings.document import Document, key_of, key_parts, restore, store
from mappings.scope import CloudKind, ImageType, Scope, View

DOCUMENT = Document(
    fields={
        "id": "a/b c:d",
        "name": "标准",
        "tags": ("a", "b"),
        "min_ram": 0,
        "protected": False,
        "created_at": 1_536_242_607_250,
        "cloud": "huawei",
        "region": "cn-north-4",
        "view": "own",
        "scopes": ("prod/cn-north-4/p1/private",),
        "visible_to": ("p1",),
    },
    extra={"b.c": "1", "a": "x"},
    derived=("min_ram",),
    raw=b'{"id":"a/b c:d"}',
)


def test_a_document_is_stored_and_restored() -> None:
    assert restore(store(DOCUMENT)) == DOCUMENT


def test_the_body_shows_iso_dates_and_nothing_internal() -> None:
    body = orjson.loads(store(DOCUMENT).body)
    assert list(body)[:3] == ["id", "name", "tags"]
    assert body["created_at"] == "2018-09-06T14:03:27.250Z"
    assert body["derived"] == ["min_ram"]
    assert body["extra"] == {"b.c": "1", "a": "x"}
    assert not {"view", "scopes", "visible_to"} & set(body)


def test_the_key_holds_cloud_region_id_and_view() -> None:
    assert DOCUMENT.key == "huawei/cn-north-4/a%2Fb%20c:d/own"
    assert key_parts(DOCUMENT.key) == ("huawei", "cn-north-4", "a/b c:d", View.OWN)
    assert key_of("c", "r", "i", View.PUBLIC) == "c/r/i/public"


@pytest.mark.parametrize("text", ["", "a/b/c", "a/b/c/d", "a/b/c/own/e"])
def test_what_is_no_key_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"unpack|View"):
        key_parts(text)


@pytest.mark.parametrize(
    ("title", "other"),
    [
        ("a value", DOCUMENT.stamped(listed=True)),
        ("an internal value", DOCUMENT.stamped(scopes=("other",))),
        ("the raw record", Document(DOCUMENT.fields, DOCUMENT.extra, DOCUMENT.derived, b"{}")),
        ("what was filled in", Document(DOCUMENT.fields, DOCUMENT.extra, (), DOCUMENT.raw)),
        ("the map", Document(DOCUMENT.fields, {}, DOCUMENT.derived, DOCUMENT.raw)),
    ],
)
def test_the_digest_differs_where_anything_differs(title: str, other: Document) -> None:
    assert store(other).digest != store(DOCUMENT).digest
    assert len(store(other).digest) == 16


def test_the_digest_does_not_depend_on_the_order_of_fields() -> None:
    turned = Document(
        dict(reversed(list(DOCUMENT.fields.items()))), DOCUMENT.extra, DOCUMENT.derived, DOCUMENT.raw
    )
    assert store(turned).digest == store(DOCUMENT).digest


def test_stamps_replace_and_empty_ones_remove() -> None:
    stamped = DOCUMENT.stamped(scopes=("s1", "s2"), visible_to=(), listed=True)
    assert stamped.scopes == ("s1", "s2")
    assert "visible_to" not in stamped.fields
    assert stamped.fields["listed"] is True
    assert DOCUMENT.scopes == ("prod/cn-north-4/p1/private",)


@pytest.mark.parametrize(
    ("name", "many", "values"),
    [
        ("tags", ("a", "b"), ("a", "b")),
        ("min_ram", ("0",), (0,)),
        ("protected", ("False",), (False,)),
        ("description", (), ()),
    ],
)
def test_values_are_given_as_many(name: str, many: tuple[str, ...], values: tuple[object, ...]) -> None:
    assert DOCUMENT.many(name) == many
    assert DOCUMENT.values_of(name) == values


@pytest.mark.parametrize(
    ("image_type", "view", "grants"),
    [
        (ImageType.GOLD, View.PUBLIC, ()),
        (ImageType.MARKET, View.PUBLIC, ()),
        (ImageType.PRIVATE, View.OWN, ("p1",)),
        (ImageType.SHARED, View.SHARED, ("p1",)),
    ],
)
def test_a_scope_gives_a_view_and_grants(image_type: ImageType, view: View, grants: tuple[str, ...]) -> None:
    scope = Scope("prod", "huawei", CloudKind.IMS, "cn-north-4", image_type, "p1")
    assert (scope.view, scope.grants) == (view, grants)
    assert scope.id == f"prod/cn-north-4/p1/{image_type.value}"
