"""Options -> the library's calls -> exit code."""
