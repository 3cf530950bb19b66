"""How a disease runs over the visits of many people, and where one patient stands."""
