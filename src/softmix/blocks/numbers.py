"""Columns as numbers: float64, or float32 where that is what they are; booleans count 0 and 1.

Decimals and integers become the nearest float64, dictionaries of numbers are decoded. Text,
dates and categories are no numbers.
"""

import numpy as np
import pyarrow as pa


def value_type(kind: pa.DataType) -> pa.DataType:
    """The type of a column's values, whether or not a dictionary encodes them."""
    return kind.value_type if pa.types.is_dictionary(kind) else kind


def is_numeric(kind: pa.DataType) -> bool:
    """Whether columns of this type can be computed with."""
    types = pa.types
    checks = (types.is_floating, types.is_integer, types.is_boolean, types.is_decimal, types.is_null)
    return any(check(value_type(kind)) for check in checks)


def as_floats(column: pa.Array) -> np.ndarray:
    """The values of a numeric column, NaN where they are missing."""
    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    if pa.types.is_boolean(column.type):
        column = column.cast(pa.uint8())
    if not pa.types.is_floating(column.type):
        # A 64-bit integer may not fit a double exactly: the nearest is what is wanted.
        column = column.cast(pa.float64(), safe=False)
    values = column.to_numpy(zero_copy_only=False)
    return values.astype(np.float64) if values.dtype == np.float16 else values
