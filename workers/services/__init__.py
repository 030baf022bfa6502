"""The use cases of command line, JSON API and pages: lock, decide, write, audit."""
