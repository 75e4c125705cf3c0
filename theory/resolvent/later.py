"""Matrices that are multiplied out when they are asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from theory.declaration.matrix import Mat


class Later(Mapping[int, Mat]):
    """Matrices by number; most belong to blocks of a pencil that elimination removes."""

    def __init__(self, made: Mapping[int, Callable[[], Mat]]) -> None:
        self.made, self.known = made, {}

    def __getitem__(self, number: int) -> Mat:
        if number not in self.known:
            self.known[number] = self.made[number]()
        return self.known[number]

    def __contains__(self, number: object) -> bool:
        return number in self.made

    def __iter__(self) -> Iterator[int]:
        return iter(self.made)

    def __len__(self) -> int:
        return len(self.made)
