"""Values of one parameter, separated by commas."""

import pytest

from mappings.fields import field_named
from search_api.value_list import listed


@pytest.mark.parametrize(
    ("field", "text", "values"),
    [
        pytest.param("platform", "Ubuntu", [(0, "Ubuntu")], id="one"),
        pytest.param("platform", "Ubuntu,CentOS", [(0, "Ubuntu"), (7, "CentOS")], id="two"),
        pytest.param("platform", " Ubuntu , CentOS ", [(0, " Ubuntu "), (9, " CentOS ")], id="blanks"),
        pytest.param("platform", ",Ubuntu,,", [(1, "Ubuntu")], id="empty ones"),
        pytest.param("platform", " , ", [(0, "")], id="nothing but commas"),
        pytest.param("platform", '"a,b",c', [(0, '"a,b"'), (6, "c")], id="quotes hold a comma"),
        pytest.param("platform", '"a,b', [(0, '"a'), (3, "b")], id="an open quote holds nothing"),
        pytest.param("min_disk", "40,100", [(0, "40"), (3, "100")], id="numbers"),
        pytest.param("platform", "neq:a,b", [(0, "neq:a,b")], id="an operator takes all"),
        pytest.param("min_ram", ">=1,024", [(0, ">=1,024")], id="a sign takes all"),
        pytest.param("platform", "IN:a,b", [(0, "IN:a,b")], id="operator in any case"),
        pytest.param("name", "a,b", [(0, "a,b")], id="name"),
        pytest.param("description", "a,b", [(0, "a,b")], id="description"),
        pytest.param("tags", "a,b", [(0, "a,b")], id="tags"),
        pytest.param("extra.team", "a,b", [(0, "a,b")], id="map"),
    ],
)
def test_commas_separate_where_values_hold_none(field: str, text: str, values: list[tuple[int, str]]) -> None:
    assert listed(field_named(field), text) == values
