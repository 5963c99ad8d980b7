"""REST API, version 1. Other programs read it: its words, statuses and shapes change only with a new version."""
