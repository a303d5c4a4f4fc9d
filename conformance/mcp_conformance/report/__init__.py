"""What is told of a run: one model (`run`) and its renderers. Everything goes out through `redaction`."""
