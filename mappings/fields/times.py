"""When it happened. Dates are UTC."""

from mappings.field import Field, Group, Kind
from mappings.source import ATTRIBUTES, QUERYING, SDK

TIMES = (
    Field(
        name="created_at",
        kind=Kind.DATE,
        group=Group.TIMES,
        label="Created",
        label_zh="创建时间",
        description="When the image was created. The attribute list spells it create_at.",
        example="2018-09-06T14:03:27Z",
        source=QUERYING,
        ims=("created_at", "create_at"),
        aliases=("created",),
        sortable=True,
    ),
    Field(
        name="updated_at",
        kind=Kind.DATE,
        group=Group.TIMES,
        label="Updated",
        label_zh="更新时间",
        description="When the metadata last changed. The attribute list spells it update_at.",
        example="2018-09-06T15:17:33Z",
        source=QUERYING,
        ims=("updated_at", "update_at"),
        aliases=("updated",),
        sortable=True,
    ),
    Field(
        name="deleted_at",
        kind=Kind.DATE,
        group=Group.TIMES,
        label="Deleted at",
        label_zh="删除时间",
        description="When the image was deleted; mostly absent.",
        example="2020-01-31T08:00:00Z",
        source=ATTRIBUTES,
        ims=("deleted_at",),
        sortable=True,
    ),
    Field(
        name="active_at",
        kind=Kind.DATE,
        group=Group.TIMES,
        label="Active since",
        label_zh="镜像状态变为正常的时间",
        description="When the image became active.",
        example="2022-03-01T02:21:09Z",
        source=SDK,
        ims=("active_at",),
        sortable=True,
    ),
)
