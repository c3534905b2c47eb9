"""What each command does, one file a command: it returns values. Nothing here prints, exits or reads argv."""
