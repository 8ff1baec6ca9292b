"""What engines are called."""

import pytest

from umtn_core.decode.choosing.engine_names import ENGINES, engine_meant
from umtn_core.decode.choosing.engines import open_engine
from umtn_core.errors import UmtnError


@pytest.mark.parametrize("name", ENGINES)
def test_every_name_means_itself_however_it_is_written(name):
    assert engine_meant(name) == name
    assert engine_meant(f" {name.upper().replace('-', '_')} ") == name


def test_every_name_but_auto_can_be_opened_or_says_why_not(random_bundle, shape):
    bundle = random_bundle(shape)
    for name in set(ENGINES) - {"auto"}:
        try:
            open_engine(name, bundle, "a")
        except UmtnError as error:
            assert "There is no engine" not in str(error)


def test_what_is_none_is_told_what_there_is():
    with pytest.raises(
        UmtnError, match=r"no engine 'cpu-int4' \(did you mean cpu-int8\?\); .*auto,"
    ):
        engine_meant("cpu-int4")


def test_auto_is_none_of_its_own(random_bundle, shape):
    with pytest.raises(UmtnError, match="name one of cpu, "):
        open_engine("auto", random_bundle(shape), "a")
