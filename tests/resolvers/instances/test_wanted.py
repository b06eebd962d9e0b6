"""What jobs about instances need first."""

import pytest

from resolvers.instances.wanted import host_of
from resolvers.jobs import JobFailed


def test_an_instance_that_no_setting_names_any_more_ends_the_job() -> None:
    with pytest.raises(JobFailed, match="no setting names an instance 'partner'") as failed:
        host_of({}, "partner")
    assert failed.value.code == "INSTANCE_UNKNOWN"
