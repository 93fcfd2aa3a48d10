"""`Endpoints`: where the services of a known cloud answer.

Source: huaweicloudsdkims `region.ims_region`; Open Telekom Cloud, "Regions and Endpoints".
"""

import re
from dataclasses import dataclass

from clouds.ims import IMAGE_TYPES

_REGION = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")


@dataclass(frozen=True, slots=True)
class Endpoints:
    """The address patterns of one cloud, `{region}` standing for the region, and the image types it lists."""

    ims: str
    ecs: str
    identity: str
    image_types: tuple[str, ...]


ENDPOINTS: dict[str, Endpoints] = {
    "huawei": Endpoints(
        ims="https://ims.{region}.myhuaweicloud.com",
        ecs="https://ecs.{region}.myhuaweicloud.com",
        identity="https://iam.{region}.myhuaweicloud.com",
        image_types=IMAGE_TYPES,
    ),
    "otc": Endpoints(
        ims="https://ims.{region}.otc.t-systems.com",
        ecs="https://ecs.{region}.otc.t-systems.com",
        identity="https://iam.{region}.otc.t-systems.com",
        image_types=("gold", "private", "shared"),
    ),
}


def endpoint(pattern: str, region: str) -> str:
    """Fill a pattern in; a region that is no plain name is refused, as it would change the host asked."""
    if _REGION.fullmatch(region) is None:
        raise ValueError(f"{region!r} is not the name of a region: letters, digits, '-' and '_' only")
    return pattern.replace("{region}", region).rstrip("/")
