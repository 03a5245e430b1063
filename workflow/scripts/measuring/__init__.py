"""What is measured of the results to judge a statement: quantities, curves, evidence."""
