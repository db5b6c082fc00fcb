import pytest

from app import plugins
from app.domain.errors import UnknownNameError


@pytest.mark.parametrize(("kind", "name"), [(kind, name) for kind, table in plugins.BUILT_IN.items() for name in table])
def test_every_line_of_the_table_leads_to_a_class(kind, name):
    assert isinstance(plugins.load(kind, name), type)


def test_names_list_built_ins_in_the_order_of_the_table():
    assert plugins.names("consensus_method")[0] == "majority"


def test_an_unknown_name_lists_the_choices():
    with pytest.raises(UnknownNameError, match=r"Unknown consensus method 'wieghted'. Choose majority, weighted"):
        plugins.load("consensus_method", "wieghted")
