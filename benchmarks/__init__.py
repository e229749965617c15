"""Measurements of speed, accuracy, memory and endurance; never installed on a robot."""
