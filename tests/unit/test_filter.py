import pytest

from mappings.filter import (
    EVERY,
    And,
    Condition,
    Filter,
    Not,
    Operator,
    Or,
    conditions,
    conjunction,
    fields,
    keep,
)

UBUNTU = Condition("platform", Operator.IN, ("Ubuntu",))
UEFI = Condition("firmware", Operator.IN, ("uefi",))
TAGGED = Condition("tags", Operator.EXISTS)


@pytest.mark.parametrize(
    ("title", "given", "joined"),
    [
        ("nothing holds always", (), EVERY),
        ("one stays itself", (UBUNTU,), UBUNTU),
        ("each once", (UBUNTU, UBUNTU), UBUNTU),
        ("what holds anyway leaves", (EVERY, UBUNTU), UBUNTU),
        ("nested ones are flat", (And((UBUNTU, And((UEFI,)))), TAGGED), And((UBUNTU, UEFI, TAGGED))),
        ("an Or stays whole", (Or((UBUNTU, UEFI)), TAGGED), And((Or((UBUNTU, UEFI)), TAGGED))),
    ],
)
def test_filters_are_joined(title: str, given: tuple[Filter, ...], joined: Filter) -> None:
    assert conjunction(*given) == joined


def test_every_condition_is_found_in_order_of_reading() -> None:
    tree = And((Or((UBUNTU, Not(UEFI))), Not(And((TAGGED,)))))
    assert list(conditions(tree)) == [UBUNTU, UEFI, TAGGED]
    assert fields(tree) == {"platform", "firmware", "tags"}


def test_parts_are_kept_at_the_top_only() -> None:
    tree = And((UBUNTU, Or((UBUNTU, UEFI)), TAGGED))
    kept = keep(tree, lambda part: fields(part) != {"platform"})
    assert kept == And((Or((UBUNTU, UEFI)), TAGGED))
    assert keep(UBUNTU, lambda part: False) == EVERY
