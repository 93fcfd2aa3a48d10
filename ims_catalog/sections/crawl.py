"""`[crawl]`: limits of a crawl."""

from pydantic import Field

from ims_catalog.sections.section import Duration, Section


class Crawl(Section):
    """Limits of a crawl."""

    request_timeout: Duration = Field(default=30.0, description="One request, from connecting to last byte.")
    scope_deadline: Duration = Field(default=600.0, description="One listing, retries included.")
    run_deadline: Duration = Field(default=3600.0, description="The crawl of one run.")
    concurrency: int = Field(default=2, ge=1, le=16, description="Requests at once to one endpoint.")
    requests_per_second: float = Field(default=10.0, gt=0, le=1000, description="To one endpoint.")
    unreachable_for: Duration = Field(
        default=15.0,
        description=(
            "An endpoint that refuses connections, or whose host is not known, is given up after that; other"
            " outages are waited out for 90s."
        ),
    )
    companions_every: Duration = Field(
        default=86400.0, description="Flavors and OS versions of a region are fetched again after that."
    )
