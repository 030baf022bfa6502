"""BASE tokens: remembered, refreshed by one worker at a time, looked after."""
