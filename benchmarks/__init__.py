"""Measurements of speed, memory and endurance; never part of an installation."""
