"""Counts in a large file what DuckDB counts in a small one: the numbers a verdict and a report are made of.

Nothing is judged here. The plan says what to count, with columns by their place and no name or value of a
definition or a file in SQL text; lib/data/spark/ makes it and reads the counts.
"""
