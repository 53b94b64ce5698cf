"""Intake: a bureau's own files judged, every row accounted for, and put into its workspace.

`facilities`, `boundaries`, `people`, `roads` and `plan` each import one kind of
file, with `coverage.lists` for what rows say by themselves. A row of facilities
gets unit and place in `locate`, is held against the `ground` and, in `identity`,
against other rows and the register of before; what is found of it is one list
(`outcomes`). `commit` writes what was made and the report of it (`report`, with
`reportbook` and `reportpage`), whole or not at all. `readiness` says what a
workspace is fit for, `rebase` brings old registers to today's units.
"""
