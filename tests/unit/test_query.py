import pytest

from engines.query import Facet, FieldFacet, FilterFacet, Query, facet_filter
from mappings.filter import EVERY, And, Condition, Filter, Not, Operator, Or

UBUNTU = Condition("platform", Operator.IN, ("Ubuntu",))
CENTOS = Condition("platform", Operator.IN, ("CentOS",))
UEFI = Condition("firmware", Operator.IN, ("uefi",))
TAG = Condition("tags", Operator.IN, ("x",))


@pytest.mark.parametrize(
    ("given", "facet", "expected"),
    [
        pytest.param(And((UBUNTU, UEFI)), FieldFacet("platform"), UEFI, id="its own condition is lifted"),
        pytest.param(And((Not(UBUNTU), UEFI)), FieldFacet("platform"), UEFI, id="so is its negation"),
        pytest.param(And((Or((UBUNTU, CENTOS)), UEFI)), FieldFacet("platform"), UEFI, id="an or of its own"),
        pytest.param(UBUNTU, FieldFacet("platform"), EVERY, id="a single condition leaves nothing"),
        pytest.param(Or((UBUNTU, UEFI)), FieldFacet("platform"), Or((UBUNTU, UEFI)), id="a mixed or stays"),
        pytest.param(And((TAG, UEFI)), FieldFacet("tags"), And((TAG, UEFI)), id="an and-facet lifts nothing"),
        pytest.param(
            And((UBUNTU, And((UEFI, TAG)))),
            FilterFacet("f", (), frozenset(("platform", "firmware"))),
            TAG,
            id="named filters lift what they say, in nested ands too",
        ),
        pytest.param(And((UBUNTU,)), FilterFacet("f", ()), UBUNTU, id="named filters alone lift nothing"),
        pytest.param(Or(()), FieldFacet("platform"), Or(()), id="what mentions no field stays"),
    ],
)
def test_facet_filter(given: Filter, facet: Facet, expected: Filter) -> None:
    assert facet_filter(Query(filter=given), facet) == expected
