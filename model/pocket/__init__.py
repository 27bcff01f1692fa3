"""The pocket model: scenes, expressions, tokenizers, model, trainer and exporter behind the shipped checkpoint.

Run `python -m model.pocket --help` from the repository's root.
"""
