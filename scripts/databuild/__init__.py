"""The data build: from pinned public packages and cited facts to the files under ``data/``."""
