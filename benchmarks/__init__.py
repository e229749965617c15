"""Measurements of speed and accuracy; never installed on a robot."""
