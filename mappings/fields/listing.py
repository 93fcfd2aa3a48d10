"""Where it was listed, and who may see it."""

from mappings.field import Exposure, FacetLogic, Field, Group, Kind, Vocabulary
from mappings.source import RULE


def _internal(
    name: str, label: str, label_zh: str, description: str, example: str, *, multiple: bool
) -> Field:
    return Field(
        name=name,
        kind=Kind.KEYWORD,
        group=Group.LISTING,
        label=label,
        label_zh=label_zh,
        description=description,
        example=example,
        source=RULE,
        multiple=multiple,
        exposure=Exposure.INTERNAL,
    )


LISTING = (
    Field(
        name="cloud",
        kind=Kind.KEYWORD,
        group=Group.LISTING,
        label="Cloud",
        label_zh="云",
        description="Label of the cloud, from the configuration of its source.",
        example="huawei",
        source=RULE,
        vocabulary=Vocabulary.OPEN,
        facet=FacetLogic.OR,
        sortable=True,
    ),
    Field(
        name="region",
        kind=Kind.KEYWORD,
        group=Group.LISTING,
        label="Region",
        label_zh="区域",
        description="Region whose image service lists it.",
        example="cn-north-4",
        source=RULE,
        vocabulary=Vocabulary.OPEN,
        facet=FacetLogic.OR,
        sortable=True,
    ),
    Field(
        name="first_seen",
        kind=Kind.DATE,
        group=Group.LISTING,
        label="First seen",
        label_zh="首次发现时间",
        description="When a crawl first saw the image.",
        example="2026-11-24T08:17:00Z",
        source=RULE,
        sortable=True,
    ),
    Field(
        name="listed",
        kind=Kind.BOOLEAN,
        group=Group.LISTING,
        label="Listed",
        label_zh="是否在列表中",
        description="False for an image that left the list but still exists.",
        example="true",
        source=RULE,
        facet=FacetLogic.OR,
    ),
    Field(
        name="former_names",
        kind=Kind.KEYWORD,
        group=Group.LISTING,
        label="Former names",
        label_zh="曾用名称",
        description="Names that the image had before it was renamed, newest first.",
        example="Standard_Ubuntu_22.04_amd64_latest",
        source=RULE,
        aliases=("former_name",),
        multiple=True,
        text=True,
    ),
    _internal("view", "View", "视图", "Kind of listing: public, own or shared.", "public", multiple=False),
    _internal(
        "scopes",
        "Scopes",
        "清单范围",
        "Ids of the scopes that list it, or that did and keep it.",
        "prod/cn-north-4/gold",
        multiple=True,
    ),
    _internal(
        "unlisted_by",
        "Unlisted by",
        "不再列出的清单范围",
        "Those of its scopes that keep it though their listings no longer show it.",
        "prod/cn-north-4/gold",
        multiple=True,
    ),
    _internal(
        "visible_to",
        "Visible to",
        "可见项目",
        "Projects whose listings show it; none for public images, which all may see.",
        "0b1e494e2660441a957313163095fe5c",
        multiple=True,
    ),
    _internal(
        "shadowed_by",
        "Shadowed by",
        "所有者项目",
        "Projects that hold the owner's document of this shared image.",
        "0b1e494e2660441a957313163095fe5c",
        multiple=True,
    ),
)
