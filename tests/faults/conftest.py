"""One portal for all fault tests; each test gets it whole, with the test's own Django on its database.

The imports stand in the fixtures: this file may be read before Django has its settings.
"""

from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.is_relative_to(PACKAGE):
            item.add_marker("faults")


@pytest.fixture(scope="session")
def whole_site():
    from tests.faults.site import running

    with running() as site:
        yield site


@pytest.fixture
def site(whole_site, django_db_blocker):
    """The portal with everything up."""
    from tests.faults.site import on_database
    from tests.processes import publishing_to

    whole_site.mend()
    with django_db_blocker.unblock(), on_database(whole_site.owner_url), publishing_to(whole_site.broker.url):
        yield whole_site
    assert whole_site.dead() == [], "no process ended that was not killed"
