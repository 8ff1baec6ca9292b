"""Everything between the translator and the people and programs that use it."""
