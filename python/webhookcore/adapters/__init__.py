"""Web frameworks, each a thin shell around the receiver."""
