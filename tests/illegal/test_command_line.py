"""Calls that must fail: exit code 2, one line that names the value and the repair, nothing on stdout and no file left behind."""

import numpy as np
import pytest

from solvers.cli import main

SPECTRUM = {"eigenvalues": "1,0.5,0.2", "target_power": "1,1,1"}
TASK = {"P": "10", "ridge": "0.1", "noise": "0.1", **SPECTRUM}


def curve(*more, **changes):
    values = {**TASK, **changes}
    return ["curve", "kernel-regression", *(w for k, v in values.items() if v is not None for w in ("--set", f"{k}={v}")), *more]


def simulation(*more, **changes):
    return ["simulate", *curve(**changes)[1:], "--trials", "3", *more]


BAD = {
    "negative eigenvalue": (curve(eigenvalues="1,-0.5,0.2"), "eigenvalues[1] = -0.5"),
    "negative power": (curve(target_power="1,-1,1"), "target_power[1] = -1"),
    "nan": (curve(ridge="nan"), "'nan' is not a finite decimal number"),
    "infinite": (curve(P="inf"), "'inf' is not a finite decimal number"),
    "P = 0": (curve(P="0"), "P = 0"),
    "P < 0": (curve(P="-3"), "P = -3"),
    "P <= 0 on an axis": (curve(P="10,0"), "P[1] = 0"),
    "negative ridge": (curve(ridge="-1"), "ridge = -1"),
    "negative noise": (curve(noise="-1"), "noise = -1"),
    "lengths": (curve(target_power="1,1"), "2"),
    "unknown parameter": (curve(rigde="1"), "no parameter 'rigde' of kernel-regression; did you mean 'ridge'?"),
    "option of the solver": (curve(tolerance="0.5"), "no parameter 'tolerance' of kernel-regression"),
    "option of the simulator": (simulation(trials="5"), "no parameter 'trials' of kernel-regression"),
    "doubled parameter": (curve("--set", "ridge=1"), "'ridge' is given twice"),
    "missing parameter": (curve(ridge=None), "ridge"),
    "all-zero target": (curve(target_power="0,0,0"), "target_power"),
    "all-zero spectrum": (curve(eigenvalues="0,0,0"), "eigenvalues"),
    "missing file": (curve(eigenvalues="@none.npy"), "there is no file 'none.npy'"),
    "a number for a list": (curve(eigenvalues="1"), "eigenvalues"),
    "too many dimensions": (curve(P="@cube.npy"), "shape (2, 2, 2)"),
    "power law for a number": (curve(P="powerlaw:2:10"), "P"),
    "diverging trace": (curve(eigenvalues="powerlaw:1:inf", target_power="powerlaw:2:inf"), "diverges"),
    "no value": (curve(ridge=""), "ridge has no value"),
    "empty entry": (curve(P="1,,2"), "empty entry"),
    "log of zero": (curve(P="0:1:5:log"), "positive ends"),
    "no name": (curve("--set", "3"), "name=value"),
    "zip of a number": (curve("--zip", "P,ridge"), "no axis"),
    "zip of different lengths": (curve("--zip", "P,ridge", P="1,2", ridge="1,2,3"), "different lengths"),
    "zip twice": (curve("--zip", "P,P", P="1,2"), "twice"),
    "unknown observable": (curve("--observable", "E_gg"), "no observable 'E_gg'; did you mean 'E_g'?"),
    "unknown model": (["curve", "kernel-regresion"], "no model 'kernel-regresion'; did you mean 'kernel-regression'?"),
    "unknown way": (curve("--on-failure", "msk"), "did you mean 'mask'?"),
    "ending of --out": (curve("--out", "c.txt"), "give .npz"),
    "ending of --plot": (curve("--plot", "c.jpg"), "give .png or .svg or .pdf"),
    "folder of --out": (curve("--out", "none/c.npz"), "no folder 'none'"),
    "folder of --plot": (curve("--plot", "none/c.png"), "no folder 'none'"),
    "plot of a point": (curve("--plot", "c.png", "--out", "c.npz"), "nothing to plot"),
    "unknown algorithm": (["simulate", "lasso", "--algorithm", "ampp"], "no algorithm 'ampp'; did you mean 'amp'?"),
    "algorithm of a dynamics": (["simulate", "two-layer-network", "--algorithm", "amp"], "two-layer-network is no energy"),
    "algorithm for another energy": (
        ["simulate", "spherical-p-spin", "--algorithm", "amp", *("--set", "N=8", "--set", "temperature=1")],
        "messages along the tensor J are not passed; declare algorithm='gibbs'",
    ),
    "fraction of a sample": (simulation(P="2.5"), "2.5"),
    "infinitely many modes": (simulation(eigenvalues="powerlaw:2:inf", target_power="powerlaw:2:inf"), "modes"),
    "no trials": (simulation("--trials", "0"), "'0' is not a whole number; give one of at least 1"),
    "half a seed": (simulation("--seed", "0.5"), "'0.5' is not a whole number"),
    "no replication": (simulation("--replicate", "0"), "'0' is not a whole number"),
    "simulated observable": (simulation("--observable", "E_gg"), "did you mean 'E_g'?"),
    "simulated negative": (simulation(noise="-1"), "noise = -1"),
    "no command": ([], "no command given; one of models, papers"),
    "unknown command": (["crve"], "no command 'crve'; did you mean 'curve'?"),
    "unknown option": (curve("--jsn"), "takes no '--jsn'; did you mean '--json'?"),
    "unknown top option": (["--verison"], "takes no '--verison'; did you mean '--version'?"),
    "abbreviated option": (curve("--obs", "E_g"), "takes no '--obs'"),
    "too much": (["models", "kernel-regression"], "takes no 'kernel-regression'; see quenched models --help"),
    "no model": (["curve"], "MODEL; see quenched curve --help"),
    "option without a value": (["curve", "kernel-regression", "--out"], "expected one argument"),
    "format": (["derive", "kernel-regression", "--format", "tex"], "no format 'tex'"),
    "formula without a relation": (["audit", "kernel-regression", "E_g"], "left = right"),
    "formula with an unknown name": (["audit", "kernel-regression", "E_g = kapa"], "kappa"),
    "formula that would run code": (["audit", "kernel-regression", "E_g = __import__('os')"], "formula"),
    "where without a name": (["audit", "kernel-regression", "E_g = 1", "--where", "3"], "name=expression"),
    "where twice": (["audit", "kernel-regression", "E_g = 1", "--where", "a=1", "--where", "a=2"], "'a' twice"),
    "where with a taken name": (["audit", "kernel-regression", "E_g = 1", "--where", "formula=1"], "the name is taken"),
    "convention": (["audit", "kernel-regression", "E_g = 1", "--convention", "rigde=lambda"], "ridge"),
    "paper to verify": (["verify", "2006.13199"], "no paper '2006.13199'; did you mean '2006.13198'?"),
    "paper to reproduce": (["reproduce", "2006.13199"], "did you mean '2006.13198'?"),
    "data": (["reproduce", "2006.13198", "--data", "minst"], "no data set 'minst'; did you mean 'mnist'?"),
    "pair": (["reproduce", "2006.13198", "--pairs", "01"], "pair '01' is not two digits"),
    "no such digit": (["reproduce", "2006.13198", "--data", "digits", "--pairs", "0,11"], "give different digits"),
    "pair twice": (["reproduce", "2006.13198", "--pairs", "0,1", "0,1"], "given twice"),
    "too few subsets": (["reproduce", "2006.13198", "--trials", "5"], "at least 30"),
    "data for a sphere": (["reproduce", "2002.02561", "--data", "mnist"], "reproduce 2002.02561 takes no 'data'"),
    "folder that is a file": (["reproduce", "2006.13198", "--out", "cube.npy"], "is a file"),
    "file without a model": (["derive", "user.py"], "give FILE.py:NAME"),
    "missing declaration": (["derive", "none.py:model"], "there is no file 'none.py'"),
    "unknown name": (["derive", "user.py:modle"], "no 'modle' in user.py; did you mean 'model'?"),
    "no model at all": (["derive", "user.py:number"], "'number' of user.py is of type int"),
    "function that gives no model": (["derive", "user.py:nothing"], "'nothing' of user.py is of type NoneType"),
    "error in a function": (["derive", "user.py:broken"], "user.py, line 7: ZeroDivisionError: division by zero"),
    "function with arguments": (["derive", "user.py:needy"], "TypeError"),
    "error in the file": (["derive", "wrong.py:model"], "wrong.py, line 2: NameError: name 'missing' is not defined"),
    "file that is not Python": (["derive", "syntax.py:model"], "syntax.py, line 1: SyntaxError"),
    "ill-posed declaration": (["derive", "ill.py:model"], "ill.py, line 3: DeclarationError"),
    "error of many lines": (["derive", "long.py:model"], "long.py, line 1: ValueError: one two; correct the file"),
    "file that leaves": (["derive", "leaves.py:model"], "leaves.py, line 1: SystemExit"),
    "file that imports nothing": (["derive", "lost.py:model"], "lost.py, line 1: ModuleNotFoundError"),
}
USER = """from theory.models import KernelRegression
model, number = KernelRegression(), 3
def nothing():
    pass
def broken():
    three = 3
    return three / 0
def needy(x):
    pass
"""
FILES = {
    "user.py": USER,
    "wrong.py": "x = 1\nmissing\n",
    "syntax.py": "model = (\n",
    "ill.py": 'from theory.declaration import Energy, State, Dim\nw = State("w", Dim("M"))\nmodel = Energy(w, over=w)\n',
    "long.py": "raise ValueError('one\\ntwo')\n",
    "leaves.py": "raise SystemExit(0)\n",
    "lost.py": "import nowhere_to_be_found\n",
}


@pytest.fixture
def folder(tmp_path, monkeypatch):
    for name, content in FILES.items():
        (tmp_path / name).write_text(content)
    np.save(tmp_path / "cube.npy", np.ones((2, 2, 2)))
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(("call", "message"), BAD.values(), ids=BAD)
def test_bad_call(folder, capsys, call, message):
    before = sorted(folder.rglob("*"))
    code = main(call)
    out, err = capsys.readouterr()
    assert (code, out) == (2, ""), err
    assert err.startswith("quenched: ") and err.count("\n") == 1 and err.endswith("\n")
    assert message in err
    assert sorted(folder.rglob("*")) == before


def test_the_same_calls_are_accepted_once_corrected(folder, capsys):
    assert main(curve("--out", "c.npz", "--plot", "c.png", P="10,20")) == 0
    assert main(simulation()) == 0
    assert capsys.readouterr().err == ""
