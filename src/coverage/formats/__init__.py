"""Files of every format: opened safely, read whole, said in one sentence where they cannot be.

`files` is the door for rows (text, workbooks, markup, layers), `layers` for places, `tables` for
strict CSV, `archives` for arrays. No vocabulary of facilities or units is known here.
"""
