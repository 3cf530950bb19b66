"""What demonstrations show, beside those that are verbs themselves."""
