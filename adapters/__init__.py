"""The outside world, one package per remote or store."""
