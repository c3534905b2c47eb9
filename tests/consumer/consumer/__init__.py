"""What a partner's billing system does with auditor."""
