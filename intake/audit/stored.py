"""The tree as the database keeps it: leaves, and the hash of every full 256, 65,536, ... of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from intake.audit.tree import node_hash

TILE_BITS = 8
WIDTH = 1 << TILE_BITS


class Reader(Protocol):
    """A psycopg connection, or whatever executes a statement with parameters and has rows."""

    def execute(self, query: Any, params: Sequence[Any] | None = None, /) -> Any: ...  # noqa: ANN401, D102


class StoredTree:
    """Gives node hashes for proofs, reading a tile of 256 hashes at a time and each only once.

    Everything it gives must be complete: ask for no subtree beyond the tree's size.
    """

    def __init__(self, connection: Reader) -> None:
        self.connection = connection
        self._tiles: dict[tuple[int, int], list[bytes]] = {}
        self._made: dict[tuple[int, int], bytes] = {}

    def node(self, level: int, position: int) -> bytes:
        """Return the hash over leaves position * 2^level to (position + 1) * 2^level. Raises LookupError without it."""
        if level % TILE_BITS == 0:
            tile = self._tile(level, position >> TILE_BITS)
            return tile[position & WIDTH - 1]
        if (level, position) not in self._made:
            left, right = self.node(level - 1, 2 * position), self.node(level - 1, 2 * position + 1)
            self._made[level, position] = node_hash(left, right)
        return self._made[level, position]

    def _tile(self, level: int, number: int) -> list[bytes]:
        if (level, number) not in self._tiles:
            first = number << TILE_BITS
            if level == 0:
                query = "select leaf from audit.leaf where seq >= %s and seq < %s order by seq"
                found = self.connection.execute(query, (first, first + WIDTH))
            else:
                query = (
                    "select hash from audit.tile where level = %s and position >= %s and position < %s"
                    " order by position"
                )
                found = self.connection.execute(query, (level, first, first + WIDTH))
            self._tiles[level, number] = [bytes(row[0]) for row in found.fetchall()]
        return self._tiles[level, number]
