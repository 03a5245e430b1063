"""The report's equations as it prints them, proved or refuted, and the slips of its text."""
