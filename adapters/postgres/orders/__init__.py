"""Import tasks, shipping instructions and the rules that make one of the other."""
