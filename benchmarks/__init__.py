"""How fast the project is: each figure against a reference of the same run."""
