"""What each command does: it wires the parts and returns values. Rule: nothing here prints, exits or reads argv."""
