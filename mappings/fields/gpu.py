"""What follows from the hardware flags: hypervisors, GPU platforms and cards, boards."""

from mappings.field import Documented, FacetLogic, Field, Group, Kind, Vocabulary
from mappings.source import ATTRIBUTES, BARE_METAL, PARAMETERS, RULE

XEN_GPU_VALUES = (Documented("M60_vGPU", "M60, virtualised", "M60 GPU虚拟化"),)
KVM_GPU_VALUES = (
    Documented("M60", "M60", "M60"),
    Documented("V100_vGPU", "V100, virtualised", "V100 GPU虚拟化"),
    Documented("P2V_V100", "V100 (P2v)", "V100(P2v)"),
    Documented("P100", "P100", "P100"),
    Documented("V100", "V100", "V100"),
    Documented("P4", "P4", "P4"),
    Documented("RTX5000", "RTX 5000", "RTX 5000"),
)
_HYPERVISORS = (Documented("kvm", "KVM", "KVM"), Documented("xen", "Xen", "XEN"))

GPU = (
    Field(
        name="hypervisors",
        kind=Kind.KEYWORD,
        group=Group.HARDWARE,
        label="Hypervisors",
        label_zh="虚拟化类型",
        description=(
            "Hypervisors that the image runs on, from its flags: KVM by __support_kvm or any KVM-only "
            "attribute, Xen likewise; an unknown __support_* flag counts for the hypervisor in its key. "
            "Absent where no flag is stated, which is neither yes nor no."
        ),
        example="kvm",
        source=f"{RULE}, after {ATTRIBUTES}",
        aliases=("hypervisor",),
        multiple=True,
        values=_HYPERVISORS,
        vocabulary=Vocabulary.CLOSED,
        facet=FacetLogic.OR,
    ),
    Field(
        name="gpu",
        kind=Kind.KEYWORD,
        group=Group.HARDWARE,
        label="GPU on",
        label_zh="GPU加速平台",
        description=(
            "Hypervisors on which the image is made for GPU servers. An unknown __support_* flag with gpu in "
            "its key counts too; where it names no hypervisor it is KVM's, as T4's flag is."
        ),
        example="kvm",
        source=f"{RULE}, after {PARAMETERS}",
        multiple=True,
        values=_HYPERVISORS,
        vocabulary=Vocabulary.CLOSED,
        facet=FacetLogic.OR,
    ),
    Field(
        name="gpu_types",
        kind=Kind.KEYWORD,
        group=Group.HARDWARE,
        label="GPU type",
        label_zh="GPU类型",
        description="GPUs that the image is made for, on any hypervisor, T4 included.",
        example="T4",
        source=f"{RULE}, after {PARAMETERS}",
        aliases=("gpu_type", "gpu_model"),
        multiple=True,
        values=(*KVM_GPU_VALUES, *XEN_GPU_VALUES, Documented("T4", "T4", "T4")),
        vocabulary=Vocabulary.OPEN,
        facet=FacetLogic.OR,
    ),
    Field(
        name="boards",
        kind=Kind.KEYWORD,
        group=Group.HARDWARE,
        label="Boards",
        label_zh="裸金属单板类型",
        description="Bare metal boards that the image is made for, from its `__support_<board>` flags.",
        example="s1l",
        source=BARE_METAL,
        multiple=True,
        vocabulary=Vocabulary.OPEN,
        facet=FacetLogic.OR,
    ),
)
