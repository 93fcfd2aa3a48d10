"""What sort of image it is."""

from mappings.field import Documented, FacetLogic, Field, Group, Kind, Vocabulary
from mappings.source import ATTRIBUTES, RULE

KIND = (
    Field(
        name="image_type",
        kind=Kind.KEYWORD,
        group=Group.KIND,
        label="Image type",
        label_zh="镜像类型",
        description=(
            "Whose image it is; the type of the listing where nothing is stated, and private where a public "
            "listing shows what says it is not public."
        ),
        example="gold",
        source=ATTRIBUTES,
        ims=("__imagetype",),
        aliases=("type",),
        values=(
            Documented("gold", "public", "公共镜像"),
            Documented("private", "private", "私有镜像"),
            Documented("shared", "shared", "共享镜像"),
            Documented("market", "market", "市场镜像"),
        ),
        vocabulary=Vocabulary.CLOSED,
        facet=FacetLogic.OR,
    ),
    Field(
        name="virtual_env_type",
        kind=Kind.KEYWORD,
        group=Group.KIND,
        label="Environment",
        label_zh="镜像使用环境类型",
        description="Environment it is used in. FusionCompute is any ECS system disk, KVM or Xen.",
        example="FusionCompute",
        source=ATTRIBUTES,
        ims=("virtual_env_type",),
        values=(
            Documented("FusionCompute", "cloud server, system disk", "弹性云服务器系统盘镜像"),
            Documented("DataImage", "data disk", "数据盘镜像"),
            Documented("Ironic", "bare metal server", "裸金属服务器镜像"),
            Documented("IsoImage", "ISO", "ISO镜像"),
        ),
        vocabulary=Vocabulary.OPEN,
        facet=FacetLogic.OR,
    ),
    Field(
        name="kind",
        kind=Kind.KEYWORD,
        group=Group.KIND,
        label="Kind",
        label_zh="镜像种类",
        description="What the image holds.",
        example="system_disk",
        source=RULE,
        values=(
            Documented("system_disk", "system disk", "系统盘镜像"),
            Documented("data_disk", "data disk", "数据盘镜像"),
            Documented("bare_metal", "bare metal", "裸金属镜像"),
            Documented("iso", "ISO", "ISO镜像"),
            Documented("full_ecs", "full ECS", "整机镜像"),
        ),
        vocabulary=Vocabulary.CLOSED,
        facet=FacetLogic.OR,
        stated_in="virtual_env_type",
    ),
    Field(
        name="whole_image",
        kind=Kind.BOOLEAN,
        group=Group.KIND,
        label="Full-ECS image",
        label_zh="是否为整机镜像",
        description="The image holds a whole server, data disks included.",
        example="true",
        source=ATTRIBUTES,
        ims=("__whole_image",),
        facet=FacetLogic.OR,
    ),
    Field(
        name="config_init",
        kind=Kind.BOOLEAN,
        group=Group.KIND,
        label="Configured",
        label_zh="是否完成了初始化配置",
        description="Initial configuration was done.",
        example="true",
        source=ATTRIBUTES,
        ims=("__is_config_init",),
        facet=FacetLogic.OR,
    ),
)
