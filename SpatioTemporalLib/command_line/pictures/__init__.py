"""Pictures that verbs leave."""
