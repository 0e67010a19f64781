"""Where events go: console, plain lines, raw JSON, log."""
