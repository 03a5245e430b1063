"""What the results say of the report: measurements, statistics, proofs and verdicts."""
