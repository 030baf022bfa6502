"""What people touch: the command line, the JSON API, the web pages."""
