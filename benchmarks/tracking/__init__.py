"""How well faces keep their ids: python -m benchmarks.tracking."""
