"""Documents of results: tables, JSON, CSV and Markdown from one `Report`."""
