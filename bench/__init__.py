"""Ratios against other code, measured side by side. `./dev bench NAMES`; goals in the docs."""
