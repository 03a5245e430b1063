"""Widths of pictures, inches: the paper is as wide, and shows each as it is drawn."""

FIGURE = 6.3
SCORECARD = 7.5
