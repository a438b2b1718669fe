"""The command line: a file a verb. Parsing and printing only; torch is imported when a verb runs."""
