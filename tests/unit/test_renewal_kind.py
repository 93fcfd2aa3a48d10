"""A document is renewed as the API reads it that sent it, also when its source has left the settings."""

import pytest

from indexer.renewal import renew
from mappings.document import restore, store
from mappings.normalise import normalise
from mappings.scope import CloudKind, ImageType, Scope

GLANCE: dict[str, object] = {"id": "i-1", "os_distro": "ubuntu", "os_version": "22.04", "os_hidden": False}
IMS: dict[str, object] = {"id": "i-1", "__platform": "Ubuntu", "os_distro": "debian"}


@pytest.mark.parametrize(
    ("title", "kind", "record", "kinds"),
    [
        ("a Glance that is configured", CloudKind.GLANCE, GLANCE, {"home": CloudKind.GLANCE}),
        ("a Glance that is not", CloudKind.GLANCE, GLANCE, {}),
        ("an IMS that is not", CloudKind.IMS, IMS, {}),
    ],
)
@pytest.mark.parametrize("status", ["accepted", "told-accepted"])
def test_a_renewed_document_stays_what_it_was(
    title: str, kind: CloudKind, record: dict[str, object], kinds: dict[str, CloudKind], status: str
) -> None:
    scope = Scope("home", "openstack", kind, "home", ImageType.SHARED, "p1", status)
    document = normalise(record, scope).document
    assert document is not None
    assert document.fields["platform"] == "Ubuntu"
    assert restore(renew(store(document), kinds)) == document


@pytest.mark.parametrize(
    "other",
    [
        "home/home/a/b/c/shared/told-pending",
        "home/home/p1/private/shared/told-pending",
        "home/home/p1/leased",
        "home/home/leased",
        "home/home",
        "home",
        "",
    ],
)
def test_an_id_that_is_no_scopes_stops_no_renewal(other: str) -> None:
    scope = Scope("home", "openstack", CloudKind.GLANCE, "home", ImageType.SHARED, "p1", "accepted")
    document = normalise(GLANCE, scope).document
    assert document is not None
    stale = document.stamped(platform=())
    alone = store(stale.stamped(scopes=(other,)))
    assert renew(alone, {}) == alone
    scopes = tuple(sorted((other, scope.id)))
    assert restore(renew(store(stale.stamped(scopes=scopes)), {})) == document.stamped(scopes=scopes)
