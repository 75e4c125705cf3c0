"""The command ``quenched``: finds the command, reports what goes wrong in one line, and gives the exit code.

Exit codes: 0 done; 2 bad input; 1 a solver that cannot keep its promise, and for `verify` a claim that fails; `audit` has its
own three; 130 interrupted. Commands and their options live in `solvers.commands`, one file each; nothing heavy is imported
before a command runs.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from importlib import import_module

from solvers.commands import COMMANDS
from solvers.commands.parser import Parser
from theory.errors import ConvergenceError, DivergenceError, ParameterError, QuenchedError, did_you_mean

EPILOG = """\
commands:
{commands}

examples:
  quenched derive kernel-regression
  quenched curve kernel-regression --set P=10:10000:60:log --set ridge=1e-3 \\
      --set eigenvalues=powerlaw:1.5:1000 --set target_power=powerlaw:2:1000 --plot curve.png
  quenched reproduce 2006.13198 --data mnist --out mnist

'quenched COMMAND --help' explains a command. MODEL is one of 'quenched models', or FILE.py:NAME, a declaration of your own.
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit code and raises nothing that a user's input can cause."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    try:
        try:
            code = _run(arguments)
        except SystemExit as leaving:  # argparse, after --help
            code = int(leaving.code or 0)
        sys.stdout.flush()
        return code
    except (ConvergenceError, DivergenceError) as error:
        return _fail(error, 1)
    except (QuenchedError, OSError) as error:
        if isinstance(error, BrokenPipeError):
            # The reader has gone; what is left in the buffer must not raise again when Python closes stdout.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return 0
        return _fail(error, 2)
    except MemoryError as error:
        return _fail(f"out of memory: {error or 'this task is too large'}; give fewer modes or points", 1)
    except KeyboardInterrupt:
        return _fail("interrupted", 130)


def _run(arguments: list[str]) -> int:
    if arguments and not arguments[0].startswith("-"):
        name, *rest = arguments
        if name not in COMMANDS:
            raise ParameterError(f"no command {name!r}; {did_you_mean(name, COMMANDS)}")
        command = import_module(f"solvers.commands.{name}")
        parser = Parser(prog=f"quenched {name}", description=command.__doc__)
        command.add_arguments(parser)
        return command.run(parser.parse(rest))
    parser = Parser(
        prog="quenched",
        usage="quenched COMMAND ...",
        description="Derive, solve, simulate and verify mean-field theories of learning.",
        epilog=EPILOG.format(commands="\n".join(f"  {name:<10} {purpose}" for name, purpose in COMMANDS.items())),
    )
    parser.add_argument("--version", action="store_true", help="show the version and leave")
    if parser.parse(arguments).version:
        print(f"quenched {_version()}")
        return 0
    raise ParameterError(f"no command given; one of {', '.join(COMMANDS)}, or quenched --help")


def _version() -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("quenched")
    except PackageNotFoundError:
        return "(not installed)"


def _fail(error: object, code: int) -> int:
    print("quenched:", " ".join(str(error).split()), file=sys.stderr)
    return code


if __name__ == "__main__":
    sys.exit(main())
