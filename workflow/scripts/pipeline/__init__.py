"""What turns a config into a workflow: validation, the grid of runs, the code a script imports."""
