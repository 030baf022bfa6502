"""What returning shipments needs to know of a shop."""
