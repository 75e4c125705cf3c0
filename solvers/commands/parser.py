"""An argument parser whose errors are one line with a repair, and whose help keeps the lines as written."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from typing import NoReturn

from theory.errors import ParameterError, did_you_mean


class Parser(argparse.ArgumentParser):
    """Raises ParameterError in place of printing a usage and leaving."""

    def __init__(self, **settings) -> None:
        wide = argparse.RawDescriptionHelpFormatter
        super().__init__(allow_abbrev=False, formatter_class=lambda prog: wide(prog, width=110), **settings)

    def parse(self, arguments: Sequence[str]) -> argparse.Namespace:
        """The options; ParameterError for those that are unknown, missing or malformed."""
        found, unknown = self.parse_known_args(arguments)
        if unknown:
            text = unknown[0]
            options = [name for action in self._actions for name in action.option_strings]
            repair = did_you_mean(text.partition("=")[0], options) if text.startswith("-") else f"see {self.prog} --help"
            raise ParameterError(f"{self.prog} takes no {text!r}; {repair}")
        return found

    def error(self, message: str) -> NoReturn:
        raise ParameterError(f"{message}; see {self.prog} --help")


def choice(what: str, *known: str) -> Callable[[str], str]:
    """A `type=` that accepts the known words."""

    def check(text: str) -> str:
        if text not in known:
            raise argparse.ArgumentTypeError(f"no {what} {text!r}; {did_you_mean(text, known)}")
        return text

    return check


def whole_number(at_least: int) -> Callable[[str], int]:
    """A `type=` that accepts integers from `at_least` on."""

    def check(text: str) -> int:
        try:
            value = int(text)
        except ValueError:
            value = None
        if value is None or value < at_least:
            raise argparse.ArgumentTypeError(f"{text!r} is not a whole number; give one of at least {at_least}")
        return value

    return check
