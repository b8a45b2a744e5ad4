"""The Merkle tree of the log: roots, inclusion and consistency proofs. Source: RFC 9162 sections 2.1.1 to 2.1.4.

Hashes are 32 bytes of SHA-256. `Node` gives the hash of a complete subtree: node(level, position) covers the leaves
from position * 2^level on, 2^level of them; node(0, i) is leaf i.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence

Node = Callable[[int, int], bytes]
EMPTY_ROOT = hashlib.sha256(b"").digest()
HASH_SIZE = 32


def commitment(salt: bytes, payload: str) -> bytes:
    """Return SHA-256(salt || payload): what the log holds of an event. salt: 16 random bytes."""
    return hashlib.sha256(salt + payload.encode()).digest()


def leaf_hash(entry: bytes) -> bytes:
    """Return the hash of a leaf's entry, which here is an event's commitment (RFC 9162 section 2.1.1)."""
    return hashlib.sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return the hash of an inner node (RFC 9162 section 2.1.1)."""
    return hashlib.sha256(b"\x01" + left + right).digest()


class Frontier:
    """The complete subtrees that cover a tree of `size` leaves, largest first: all that appending needs."""

    def __init__(self, size: int = 0, hashes: Sequence[bytes] = ()) -> None:
        """Go on where another frontier stood. Raises ValueError when the hashes do not fit the size."""
        if size.bit_count() != len(hashes):
            raise ValueError("A frontier has one hash for each bit of its size.")
        self.size = size
        levels = [level for level in reversed(range(size.bit_length())) if size >> level & 1]
        self._stack = list(zip(levels, hashes, strict=True))

    def append(self, leaf: bytes) -> list[tuple[int, int, bytes]]:
        """Add a leaf hash; return each subtree that it completed, as (level, position, hash)."""
        level, position, made = 0, self.size, leaf
        completed = []
        while self._stack and self._stack[-1][0] == level:
            made = node_hash(self._stack.pop()[1], made)
            level, position = level + 1, position >> 1
            completed.append((level, position, made))
        self._stack.append((level, made))
        self.size += 1
        return completed

    @property
    def hashes(self) -> list[bytes]:
        """The subtrees' hashes, largest first."""
        return [found for _level, found in self._stack]

    def root(self) -> bytes:
        """Return the tree's root."""
        if not self._stack:
            return EMPTY_ROOT
        *lefts, made = self.hashes
        for left in reversed(lefts):
            made = node_hash(left, made)
        return made


def root_of(leaves: Sequence[bytes]) -> bytes:
    """Return the root over leaf hashes."""
    frontier = Frontier()
    for leaf in leaves:
        frontier.append(leaf)
    return frontier.root()


def inclusion_path(index: int, size: int, node: Node) -> list[bytes]:
    """Return the proof that leaf `index` is in the tree of `size` leaves (RFC 9162 section 2.1.3.1).

    Raises ValueError when the tree has no such leaf.
    """
    if not 0 <= index < size:
        raise ValueError("The tree has no such leaf.")
    start, path = 0, []
    while size > 1:
        half = _half(size)
        if index < half:
            path.append(_range(start + half, size - half, node))
            size = half
        else:
            path.append(_range(start, half, node))
            start, index, size = start + half, index - half, size - half
    return path[::-1]


def consistency_path(old: int, size: int, node: Node) -> list[bytes]:
    """Return the proof that the tree of `size` leaves only added to that of `old` (RFC 9162 section 2.1.4.1).

    Raises ValueError unless 0 < old <= size.
    """
    if not 0 < old <= size:
        raise ValueError("A consistency proof goes from a tree to the same or a larger one.")
    start, path, whole = 0, [], True
    while old < size:
        half = _half(size)
        if old <= half:
            path.append(_range(start + half, size - half, node))
            size = half
        else:
            path.append(_range(start, half, node))
            start, old, size, whole = start + half, old - half, size - half, False
    if not whole:
        path.append(_range(start, size, node))
    return path[::-1]


def includes(leaf: bytes, index: int, size: int, path: Sequence[bytes], root: bytes) -> bool:
    """Verify an inclusion proof (RFC 9162 section 2.1.3.2). leaf: the leaf's hash."""
    if not 0 <= index < size:
        return False
    here, last, made = index, size - 1, leaf
    for step in path:
        if last == 0:
            return False
        if here & 1 or here == last:
            made = node_hash(step, made)
            while here and not here & 1:
                here, last = here >> 1, last >> 1
        else:
            made = node_hash(made, step)
        here, last = here >> 1, last >> 1
    return last == 0 and made == root


def extends(old: int, size: int, path: Sequence[bytes], old_root: bytes, root: bytes) -> bool:
    """Verify a consistency proof (RFC 9162 section 2.1.4.2): the larger tree begins with the smaller one's leaves."""
    if old == size:
        return not path and old_root == root
    if not 0 < old < size or not path:
        return False
    steps = list(path) if old & (old - 1) else [old_root, *path]
    here, last = old - 1, size - 1
    while here & 1:
        here, last = here >> 1, last >> 1
    first = second = steps[0]
    for step in steps[1:]:
        if last == 0:
            return False
        if here & 1 or here == last:
            first, second = node_hash(step, first), node_hash(step, second)
            while here and not here & 1:
                here, last = here >> 1, last >> 1
        else:
            second = node_hash(second, step)
        here, last = here >> 1, last >> 1
    return last == 0 and first == old_root and second == root


def _half(size: int) -> int:
    # The largest power of two below size: where RFC 9162 splits a tree.
    return 1 << (size - 1).bit_length() - 1


def _range(start: int, size: int, node: Node) -> bytes:
    if size & (size - 1) == 0:
        level = size.bit_length() - 1
        return node(level, start >> level)
    half = _half(size)
    return node_hash(_range(start, half, node), _range(start + half, size - half, node))
