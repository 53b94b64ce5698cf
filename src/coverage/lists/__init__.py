"""Lists that people send, whatever their kind: header, columns, rows, values, findings."""
