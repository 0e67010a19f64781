"""Project + names + process environment -> BuildSpecs. Pure."""
