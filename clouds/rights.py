"""The rights that a crawl needs, by the names that the clouds give them.

Sources: IMS API Reference, "Permissions and Supported Actions" (`GET /v2/cloudimages`, by `id` too, and
`GET /v1/cloudimages/os_version`); ECS API Reference, the same chapter (`GET .../cloudservers/flavors`); IAM
API Reference, "Listing Projects Accessible to an IAM User", which takes no right; OpenStack Glance, Keystone
and Nova, "Policy configuration": whoever has a role in a project may list flavors.
"""

LIST_IMAGES = "ims:images:list"
GET_FLAVORS = "ecs:cloudServerFlavors:get"

GLANCE_LIST_IMAGES = "get_images"
GLANCE_GET_IMAGE = "get_image"
GLANCE_LIST_MEMBERS = "get_members"
KEYSTONE_LIST_PROJECTS = "identity:list_projects"
NOVA_LIST_EXTRA_SPECS = "os_compute_api:os-flavor-extra-specs:index"


def policy() -> dict[str, object]:
    """Give the custom policy, in the form of IAM, with which a user can crawl and do nothing else.

    Source: IAM User Guide, "Creating a Custom Policy", "JSON View".
    """
    statement = {"Effect": "Allow", "Action": [LIST_IMAGES, GET_FLAVORS]}
    return {"Version": "1.1", "Statement": [statement]}
