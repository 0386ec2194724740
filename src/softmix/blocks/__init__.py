"""Where rows come from, a block at a time."""

from softmix.blocks.array import ArrayBlocks
from softmix.blocks.block import Block, block_rows
from softmix.blocks.incomplete import Incomplete
from softmix.blocks.source import NumberedBlocks, Source

__all__ = ["ArrayBlocks", "Block", "Incomplete", "NumberedBlocks", "Source", "block_rows"]
