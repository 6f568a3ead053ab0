"""The tests on other days, on a clock that all their processes share."""
