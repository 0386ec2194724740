"""Where rows come from, a block at a time."""

from softmix.blocks.array import ArrayBlocks, Block, block_rows

__all__ = ["ArrayBlocks", "Block", "block_rows"]
