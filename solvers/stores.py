"""A store of computed arrays that forgets the oldest where there is no more room."""

from __future__ import annotations

from collections import OrderedDict
from typing import Any

import numpy as np


class Store:
    """What was computed last, up to ``room`` entries of arrays."""

    def __init__(self, room: int) -> None:
        self.room = room
        self.kept: OrderedDict[Any, tuple[Any, tuple]] = OrderedDict()
        self.entries = 0

    def get(self, key: Any) -> Any:
        """What is kept under the key, or None."""
        if key not in self.kept:
            return None
        self.kept.move_to_end(key)
        return self.kept[key][0]

    def put(self, key: Any, value: Any, arrays: tuple) -> Any:
        """``value``, kept together with the ``arrays`` that it is made of, so that no other ones take their place in memory."""
        self.kept[key] = (value, arrays)
        self.entries += np.size(value)
        while self.entries > self.room and len(self.kept) > 1:
            self.entries -= np.size(self.kept.popitem(last=False)[1][0])
        return value
