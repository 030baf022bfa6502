"""What a robot can do, one action a module; workers/wiring.py registers each by one line."""
