"""Pictures of the results: the figures of the report and the page to look around in."""
