"""Logistic and softmax regression on images: the numerics and the plots.

Nothing in this package knows of Snakemake, of the config or of where files lie.
"""
