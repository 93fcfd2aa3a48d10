"""From a cloud to a generation: crawl, plan, build, verify, publish."""
