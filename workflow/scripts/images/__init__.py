"""From the network to splits: fetching raw files, reading their formats, cutting them."""
