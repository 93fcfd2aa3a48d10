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
