"""The commands, one file each: the file's docstring is the help, `add_arguments` its options, `run` returns the exit code."""

COMMANDS = {
    "models": "list the models, with their parameters and observables",
    "papers": "list the papers, with their claims",
    "derive": "derive a model's mean-field equations, step by step",
    "curve": "solve a theory over a grid of parameters",
    "density": "the eigenvalue density of a random matrix of yours",
    "simulate": "simulate a model at finite size",
    "verify": "judge the claims of a paper",
    "audit": "say whether a formula of yours is correct",
    "reproduce": "a paper's main figure: derive, solve, simulate on real data, draw",
}
