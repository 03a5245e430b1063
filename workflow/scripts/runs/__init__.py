"""The grid of trainings that a config spans, and the files that they leave."""
