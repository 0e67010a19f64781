"""Results, timelines and failures -> text. Pure: no terminal, no file, no clock."""
