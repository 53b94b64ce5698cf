"""Intake: a bureau's own files, read with every row accounted for.

`reading.read_file` gives sheets whose rows all have a role,
`columns.understand` says what each column means, `rows.take_rows` turns the
rows of data into values or into reasons why not.
"""

from __future__ import annotations
