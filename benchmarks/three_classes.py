"""Softmax regression of three classes on a teacher of three fields: derived, compiled and solved where it is run."""

import sympy as sp

from theory import Dim, Energy, Gaussian, Labels, Noise, State, exp, heaviside, log, mean, softmax, sum_over

samples, inputs, ridge = Dim("P"), Dim("N"), sp.Symbol("lambda", positive=True)
X = Gaussian("X", samples, inputs, variance=1 / inputs)
STUDENTS, TEACHERS = [State(f"w{k}", inputs) for k in range(3)], [Noise(f"t{k}", inputs) for k in range(3)]


def three_classes(drawn: bool, symmetric: bool = False) -> Energy:
    """Labels of the largest field of the teacher, or ``drawn`` with probabilities."""
    h, z = [X @ w for w in STUDENTS], [X @ t for t in TEACHERS]
    largest = [heaviside(z[k] - z[k - 1]) * heaviside(z[k] - z[k - 2]) for k in range(3)]
    labels = Labels("y", *softmax(*z)) if drawn else largest
    loss = log(sum(map(exp, h))) - sum(y * field for y, field in zip(labels, h, strict=True))
    units = list(zip(STUDENTS, TEACHERS, strict=True)) if symmetric else None
    energy = sum_over(samples, loss) + ridge * sum(w.square() for w in STUDENTS) / 2
    return Energy(energy, over=STUDENTS, observe={"own": mean(inputs, STUDENTS[0] * TEACHERS[0])}, symmetry=units)


if __name__ == "__main__":
    from solvers import solve

    print(solve(three_classes(drawn=False).theory(), N=1.0, P=3.0, lambda_=0.3, tolerance=1e-8))
