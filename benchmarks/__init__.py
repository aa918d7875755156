"""What the documentation claims, measured: run one with `python -m benchmarks.<name>`."""
