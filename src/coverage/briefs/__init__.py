"""Briefing documents: one result object, written as pages, slides, sheets and layers."""
