"""What the measurements say of the report: the claims file, statistics, verdicts, the ledger."""
