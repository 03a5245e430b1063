"""The mathematics: models, gradient descent, the optimum. It knows no workflow, config or file."""
