"""The commands of `renkei`, one noun per module, each imported only when it is called."""
