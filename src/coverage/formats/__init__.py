"""Files of every format: opened safely, read whole, said in one sentence where they cannot be.

`files` is the door for rows (text, workbooks, markup, layers), `layers` for places, `tables` for
strict CSV, `rasters` for grids, `archives` for arrays; `safety` is the door that all bytes come
through, and each library that opens files is called in one module. No vocabulary of facilities or
units is known here.
"""
