"""A store of what was computed from arrays, which forgets the oldest where there is no more room."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import Any

import numpy as np


class Store:
    """What was computed last, up to ``room`` entries; what is no array counts as one."""

    def __init__(self, room: int) -> None:
        self.room = room
        self.kept: OrderedDict[Any, tuple[Any, tuple]] = OrderedDict()
        self.entries = 0

    def found(self, key: Any, make: Callable[[], Any], arrays: tuple) -> Any:
        """What ``make`` gives, once for each key; kept together with the ``arrays`` that it is made of, so that no other ones take
        their place in memory."""
        if key in self.kept:
            self.kept.move_to_end(key)
            return self.kept[key][0]
        value = make()
        self.kept[key] = (value, arrays)
        self.entries += np.size(value)
        while self.entries > self.room and len(self.kept) > 1:
            self.entries -= np.size(self.kept.popitem(last=False)[1][0])
        return value
