"""What only the Snakefile imports: the check of the config, and the code behind a script."""
