"""The control API below /_sim: what tests, the demo and the benchmarks turn and read."""
