"""The guard under fire: live writers, plans, kills and crashes, and a checker of its own."""
