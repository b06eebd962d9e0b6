import io

import pytest

from edx.olx.members import Broken, read_whole
from edx.olx.problems import Code


def test_a_member_is_read_up_to_its_limit_whatever_it_claims() -> None:
    assert read_whole(io.BytesIO(b"123"), "a", 3) == b"123"
    with pytest.raises(Broken) as broken:
        read_whole(io.BytesIO(b"1234"), "a", 3)
    assert (broken.value.code, broken.value.path) == (Code.TOO_LARGE, "a")
